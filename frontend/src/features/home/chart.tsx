/**
 * Calls of the last 30 days as bars, answered and missed apart. Drawn by hand: a chart
 * library would weigh more than the rest of the page.
 */
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { cn } from '@/shared/lib/cn';
import type { Schemas } from '@/shared/api/types';
import { formatDayMonth, formatLocalDate, formatNumber } from '@/shared/lib/format';
import { Ltr } from '@/shared/ui/text';

type Day = Schemas['DaySummary'];

const WIDTH = 600;
const HEIGHT = 130;
const FOOT = 2;

/** The chart, and the same figures as a table for those who do not see it. */
export function CallsChart({ days }: { days: Day[] }) {
  const { t } = useTranslation();
  const [picked, setPicked] = useState<number | null>(null);
  const top = Math.max(4, ...days.map((day) => day.calls));
  const step = WIDTH / Math.max(1, days.length);
  const bar = Math.min(16, step * 0.62);
  const tall = (count: number) => (count / top) * (HEIGHT - FOOT - 8);
  const total = days.reduce((sum, day) => sum + day.calls, 0);
  const missed = days.reduce((sum, day) => sum + day.missed, 0);
  const shown = picked === null ? undefined : days[picked];
  return (
    <figure className="flex flex-col gap-2">
      <figcaption className="flex flex-wrap items-baseline justify-between gap-x-4 text-sm">
        <span className="text-muted">
          {shown ? (
            <>
              {formatLocalDate(shown.date)}:{' '}
              {t('home:chart.day', { calls: formatNumber(shown.calls), missed: formatNumber(shown.missed) })}
            </>
          ) : (
            t('home:chart.total', { calls: formatNumber(total), missed: formatNumber(missed) })
          )}
        </span>
        <span className="flex gap-4 text-xs text-muted">
          <span className="flex items-center gap-1.5">
            <span aria-hidden className="size-2.5 rounded-sm bg-primary" />
            {t('calls:answeredOnes')}
          </span>
          <span className="flex items-center gap-1.5">
            <span aria-hidden className="size-2.5 rounded-sm bg-bad" />
            {t('calls:missedOnes')}
          </span>
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        aria-hidden
        className="h-auto w-full"
        onPointerLeave={() => setPicked(null)}
      >
        {[0, 0.5, 1].map((part) => (
          <line
            key={part}
            x1={0}
            x2={WIDTH}
            y1={HEIGHT - FOOT - tall(top * part)}
            y2={HEIGHT - FOOT - tall(top * part)}
            className="stroke-line"
            strokeDasharray={part === 0 ? undefined : '3 5'}
          />
        ))}
        {days.map((day, index) => {
          const x = index * step + (step - bar) / 2;
          const answered = tall(day.calls - day.missed);
          const lost = tall(day.missed);
          return (
            <g
              key={day.date}
              onPointerEnter={() => setPicked(index)}
              onPointerDown={() => setPicked(index)}
              opacity={picked === null || picked === index ? 1 : 0.45}
            >
              <rect x={index * step} y={0} width={step} height={HEIGHT} fill="transparent" />
              {day.calls > day.missed && (
                <rect
                  x={x}
                  y={HEIGHT - FOOT - answered}
                  width={bar}
                  height={answered}
                  rx={3}
                  className="fill-primary"
                />
              )}
              {day.missed > 0 && (
                <rect
                  x={x}
                  y={HEIGHT - FOOT - answered - lost - (answered > 0 ? 2 : 0)}
                  width={bar}
                  height={lost}
                  rx={3}
                  className="fill-bad"
                />
              )}
            </g>
          );
        })}
      </svg>
      {/* Outside the drawing, which shrinks on phones: words keep their size. */}
      <div aria-hidden dir="ltr" className="relative h-4 text-[0.6875rem] leading-4 text-muted">
        {days.map((day, index) =>
          index % 7 === (days.length - 1) % 7 ? (
            <span
              key={day.date}
              className={cn(
                'absolute whitespace-nowrap',
                index === days.length - 1 ? 'end-0' : '-translate-x-1/2',
              )}
              style={
                index === days.length - 1
                  ? undefined
                  : { insetInlineStart: `${((index + 0.5) / days.length) * 100}%` }
              }
            >
              {formatDayMonth(day.date)}
            </span>
          ) : null,
        )}
      </div>
      <table className="sr-only">
        <caption>{t('home:chart.title')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('home:chart.date')}</th>
            <th scope="col">{t('home:chart.calls')}</th>
            <th scope="col">{t('calls:missedOnes')}</th>
          </tr>
        </thead>
        <tbody>
          {days.map((day) => (
            <tr key={day.date}>
              <th scope="row">{formatLocalDate(day.date)}</th>
              <td>
                <Ltr>{day.calls}</Ltr>
              </td>
              <td>
                <Ltr>{day.missed}</Ltr>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
