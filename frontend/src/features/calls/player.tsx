/**
 * The player of a recording: play, seek, skip, speed, download. Time runs from left to
 * right in either language, as in every player.
 */
import { Download, Pause, Play, RotateCcw } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { cn } from '@/shared/lib/cn';
import { formatBytes, formatDuration } from '@/shared/lib/format';
import { createStore } from '@/shared/lib/store';
import { Button, IconButton } from '@/shared/ui/button';
import { Ltr } from '@/shared/ui/text';

import { audioUrl } from './api';
import { type Recording } from './queries';

const SPEEDS = [1, 1.25, 1.5, 2];
/** The player that sounds: another one that starts makes it stop. */
const sounding = createStore<string | null>(null);

/** The player of a recording that is stored. */
export function Player({ recording, className }: { recording: Recording; className?: string }) {
  const { t } = useTranslation();
  const id = useId();
  const audio = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [loading, setLoading] = useState(false);
  const [broken, setBroken] = useState(false);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(recording.duration_s ?? 0);
  const [speed, setSpeed] = useState(1);

  useEffect(
    () =>
      sounding.subscribe(() => {
        if (sounding.get() !== id) audio.current?.pause();
      }),
    [id],
  );

  const toggle = () => {
    const element = audio.current;
    if (!element) return;
    if (!element.paused) {
      element.pause();
      return;
    }
    if (broken) {
      setBroken(false);
      element.load();
    }
    setLoading(true);
    sounding.set(id);
    element.playbackRate = speed;
    element.play().catch(() => setLoading(false));
  };
  const seek = (to: number) => {
    const element = audio.current;
    if (!element) return;
    element.currentTime = to;
    setAt(to);
  };

  return (
    <div className={cn('rounded-2xl bg-hover p-2', className)}>
      {/* eslint-disable-next-line jsx-a11y/media-has-caption -- a phone call has no captions until there are transcripts */}
      <audio
        ref={audio}
        src={audioUrl(recording.recording_sid)}
        preload="none"
        onPlay={() => setPlaying(true)}
        onPlaying={() => setLoading(false)}
        onPause={() => {
          setPlaying(false);
          setLoading(false);
        }}
        onEnded={() => setAt(0)}
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        onDurationChange={(event) => {
          if (Number.isFinite(event.currentTarget.duration)) setLength(event.currentTarget.duration);
        }}
        onError={() => {
          setBroken(true);
          setLoading(false);
          setPlaying(false);
        }}
      />
      <div dir="ltr" className="flex items-center gap-1">
        <IconButton
          label={t(playing ? 'calls:player.pause' : 'calls:player.play')}
          variant="primary"
          busy={loading}
          onClick={toggle}
          className="rounded-full!"
        >
          {!loading &&
            (playing ? (
              <Pause aria-hidden className="fill-current" />
            ) : (
              <Play aria-hidden className="fill-current" />
            ))}
        </IconButton>
        <IconButton label={t('calls:player.back')} onClick={() => seek(Math.max(0, at - 10))}>
          <RotateCcw aria-hidden className="size-4.5!" />
        </IconButton>
        <input
          type="range"
          min={0}
          max={Math.max(1, Math.round(length))}
          step={1}
          value={Math.min(Math.round(at), Math.max(1, Math.round(length)))}
          onChange={(event) => seek(Number(event.target.value))}
          aria-label={t('calls:player.seek')}
          aria-valuetext={t('calls:player.position', { at: formatDuration(at), of: formatDuration(length) })}
          className="h-11 min-w-0 grow cursor-pointer accent-primary"
        />
        <span className="px-1 text-xs whitespace-nowrap text-muted tabular-nums">
          {formatDuration(at)} / {formatDuration(length)}
        </span>
      </div>
      <div className="flex items-center justify-between gap-2 ps-1">
        <Button
          variant="ghost"
          size="small"
          className="min-w-11"
          aria-label={t('calls:player.speed', { speed })}
          onClick={() => {
            const next = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length] ?? 1;
            setSpeed(next);
            if (audio.current) audio.current.playbackRate = next;
          }}
        >
          <Ltr>×{speed}</Ltr>
        </Button>
        <p role="status" className="text-xs text-bad">
          {broken && t('calls:player.broken')}
        </p>
        <Button asChild variant="ghost" size="small">
          <a href={audioUrl(recording.recording_sid, true)} download>
            <Download aria-hidden className="size-4.5!" />
            {t('calls:player.download')}
            {typeof recording.bytes === 'number' && (
              <Ltr className="text-xs text-muted">{formatBytes(recording.bytes)}</Ltr>
            )}
          </a>
        </Button>
      </div>
    </div>
  );
}
