import { useQueryClient } from '@tanstack/react-query';
import { toast } from '@/shared/ui/toast';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { ApiError, sentence } from '@/shared/api/problem';
import { Badge } from '@/shared/ui/badge';
import { Section } from '@/shared/ui/card';
import { Field, Select } from '@/shared/ui/field';
import { Ltr, Phone, Typed } from '@/shared/ui/text';

import { STATUSES } from './api';
import type { FullLead as Lead } from './queries';
import { type LeadStatus } from './queries';
import { InlineField } from './inline-field';
import { splitList } from './split-list';
import { freshLead, updateLead } from './update-lead';

/** What is known of a lead, each field edited where it stands. */
export function LeadDetails({ lead }: { lead: Lead }) {
  const { t } = useTranslation();
  return (
    <Section title={t('leads:details')}>
      <StatusField lead={lead} />
      <InlineField
        lead={lead}
        name="name"
        label={t('leads:columns.name')}
        toText={(from) => from.name ?? ''}
        toChanges={(text) => ({ name: text === '' ? null : text })}
        view={lead.name ? <Typed>{lead.name}</Typed> : null}
      />
      <InlineField
        lead={lead}
        name="phones"
        label={t('leads:columns.phone')}
        hint={t('common:forms.phonesHint')}
        kind="tel"
        toText={(from) => from.phones.map((phone) => phone.raw).join(', ')}
        toChanges={(text) => ({ phones: splitList(text) })}
        view={
          lead.phones.length === 0 ? null : (
            <span className="flex flex-wrap gap-x-4">
              {lead.phones.map((phone) => (
                <Phone key={phone.raw} value={phone.e164 ?? phone.raw} link />
              ))}
            </span>
          )
        }
      />
      <InlineField
        lead={lead}
        name="email"
        label={t('leads:columns.email')}
        kind="email"
        toText={(from) => from.email ?? ''}
        toChanges={(text) => ({ email: text === '' ? null : text })}
        view={
          lead.email ? (
            <a href={`mailto:${lead.email}`} className="text-on-tint hover:underline">
              <Ltr className="whitespace-normal!">{lead.email}</Ltr>
            </a>
          ) : null
        }
      />
      <InlineField
        lead={lead}
        name="tags"
        label={t('leads:columns.tags')}
        hint={t('leads:form.tagsHint')}
        toText={(from) => from.tags.join(', ')}
        toChanges={(text) => ({ tags: splitList(text) })}
        view={
          lead.tags.length === 0 ? null : (
            <span className="flex flex-wrap gap-1.5 pt-1">
              {lead.tags.map((tag) => (
                <Badge key={tag}>
                  <Typed>{tag}</Typed>
                </Badge>
              ))}
            </span>
          )
        }
      />
      <InlineField
        lead={lead}
        name="notes"
        label={t('leads:columns.notes')}
        kind="notes"
        toText={(from) => from.notes}
        toChanges={(text) => ({ notes: text })}
        view={lead.notes === '' ? null : <Typed>{lead.notes}</Typed>}
      />
    </Section>
  );
}

/** The status: shown as chosen at once, and put back with the reason when it could not be saved. */
function StatusField({ lead }: { lead: Lead }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [chosen, setChosen] = useState<LeadStatus | null>(null);
  const choose = async (status: LeadStatus) => {
    setChosen(status);
    try {
      await updateLead(cache, lead.id, lead.version, { status }).catch(async (error: unknown) => {
        // Whoever changed something else meanwhile does not stand in the way of a status.
        if (!(error instanceof ApiError && error.status === 412)) throw error;
        const fresh = await freshLead(cache, lead.id);
        await updateLead(cache, lead.id, fresh.version, { status });
      });
    } catch (error) {
      toast.error(t('leads:statusFailed'), { description: sentence(error, t) });
    } finally {
      setChosen(null);
    }
  };
  return (
    <Field label={t('leads:columns.status')} className="border-b pb-3">
      <Select
        value={chosen ?? lead.status}
        onChange={(event) => void choose(event.target.value as LeadStatus)}
      >
        {STATUSES.map((status) => (
          <option key={status} value={status}>
            {t(`leads:status.${status}`)}
          </option>
        ))}
      </Select>
    </Field>
  );
}
