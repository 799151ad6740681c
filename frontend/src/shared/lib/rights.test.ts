import { describe, expect, it } from 'vitest';

import { can, grantable, mayManage, ROLES } from './rights';

const of = (right: Parameters<typeof can>[1]) => ROLES.map((role) => can(role, right));

describe('rights', () => {
  it('are the table of the design', () => {
    expect(of('readCrm')).toEqual([true, true, true, true]);
    expect(of('linkWhatsapp')).toEqual([false, true, true, true]);
    expect(of('readPeople')).toEqual([false, true, true, true]);
    expect(of('manageBusiness')).toEqual([false, false, true, true]);
    expect(of('readAudit')).toEqual([false, false, true, true]);
    expect(of('administer')).toEqual([false, false, false, true]);
  });

  it('let owners manage lower ranks only, and nobody themselves', () => {
    for (const role of ROLES) {
      const subject = { id: 'b', role };
      expect(mayManage({ id: 'a', role: 'owner' }, subject)).toBe(role === 'agent' || role === 'manager');
      expect(mayManage({ id: 'a', role: 'manager' }, subject)).toBe(false);
      expect(mayManage({ id: 'a', role: 'system_admin' }, subject)).toBe(true);
      expect(mayManage({ id: 'b', role: 'system_admin' }, subject)).toBe(false);
    }
    expect(grantable('owner')).toEqual(['agent', 'manager']);
    expect(grantable('system_admin')).toEqual(['agent', 'manager', 'owner']);
  });
});
