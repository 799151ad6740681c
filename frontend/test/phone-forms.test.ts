import { describe, expect, it } from 'vitest';

import { numbersSchema } from '@/features/businesses/form';
import { fieldSchemas } from '@/features/leads/lead-form';

import { PHONE_TABLE } from './phone-table';

describe('the forms that take numbers', () => {
  it.each(PHONE_TABLE)('take %s (%s): %s', (typed, meaning, why) => {
    const several = why.startsWith('two in one field');
    expect(fieldSchemas.phones.safeParse(typed).success, 'a lead').toBe(!several);
    const dialable = meaning.startsWith('+') && !several;
    expect(numbersSchema.safeParse({ numbers: typed }).success, 'a business').toBe(dialable);
  });

  it('refuse what has no digit', () => expect(fieldSchemas.phones.safeParse('דנה').success).toBe(false));
});
