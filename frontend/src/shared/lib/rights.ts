/** Who may do what: the table of the design. A courtesy to people; the server decides. */
import type { Schemas } from '@/shared/api/types';

/** A person's role. */
export type Role = Schemas['Role'];

/** Lowest rank first. */
export const ROLES: readonly Role[] = ['agent', 'manager', 'owner', 'system_admin'];

const LEAST = {
  readCrm: 'agent',
  linkWhatsapp: 'manager',
  readPeople: 'manager',
  manageBusiness: 'owner',
  readAudit: 'owner',
  administer: 'system_admin',
} as const satisfies Record<string, Role>;

/** Something that a person may or may not do. */
export type Right = keyof typeof LEAST;

const rank = (role: Role) => ROLES.indexOf(role);

/** Whether a role has a right. */
export function can(role: Role, right: Right): boolean {
  return rank(role) >= rank(LEAST[right]);
}

/** Whether one person may remove, restore or change another: lower ranks only, never oneself. */
export function mayManage(actor: { id: string; role: Role }, subject: { id: string; role: Role }): boolean {
  if (actor.id === subject.id) return false;
  return actor.role === 'system_admin' || (actor.role === 'owner' && rank(actor.role) > rank(subject.role));
}

/** The roles that a person may give to others of a business. */
export function grantable(actor: Role): readonly Role[] {
  return ROLES.filter(
    (role) => role !== 'system_admin' && (actor === 'system_admin' || rank(role) < rank(actor)),
  );
}
