import { clsx, type ClassValue } from 'clsx';

/**
 * Joins class names. Nothing is merged: a component that overrides what another one
 * sets marks the class as important (`p-0!`).
 */
export function cn(...inputs: ClassValue[]): string {
  return clsx(inputs);
}
