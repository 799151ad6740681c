import type accessibility from './he/accessibility.json';
import type actions from './he/actions.json';
import type audit from './he/audit.json';
import type auth from './he/auth.json';
import type businesses from './he/businesses.json';
import type calls from './he/calls.json';
import type common from './he/common.json';
import type history from './he/history.json';
import type home from './he/home.json';
import type leads from './he/leads.json';
import type linking from './he/linking.json';
import type operations from './he/operations.json';
import type people from './he/people.json';
import type settings from './he/settings.json';
import type unowned from './he/unowned.json';
import type whatsapp from './he/whatsapp.json';
import type workers from './he/workers.json';

/** The words: a namespace a feature, and what all of them share. */
export interface Words {
  accessibility: typeof accessibility;
  actions: typeof actions;
  audit: typeof audit;
  auth: typeof auth;
  businesses: typeof businesses;
  calls: typeof calls;
  common: typeof common;
  history: typeof history;
  home: typeof home;
  leads: typeof leads;
  linking: typeof linking;
  operations: typeof operations;
  people: typeof people;
  settings: typeof settings;
  unowned: typeof unowned;
  whatsapp: typeof whatsapp;
  workers: typeof workers;
}

/** One of them. */
export type Namespace = keyof Words;
