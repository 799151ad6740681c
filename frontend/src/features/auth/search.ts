import { like, searchOf } from '@/shared/lib/search';

/** Where to go after the login: a path of our own, never another site. */
export const loginSearch = searchOf({ next: like(/^\/(?![/\\])/) });
