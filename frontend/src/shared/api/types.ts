import type { components, paths } from './schema';

/** Every schema of the OpenAPI document, by name. */
export type Schemas = components['schemas'];
/** Every path of the OpenAPI document. */
export type Paths = paths;
