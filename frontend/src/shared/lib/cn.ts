import { clsx, type ClassValue } from 'clsx';
import { twMerge } from 'tailwind-merge';

/** Joins class names; of two that set the same thing the later one holds. */
export function cn(...inputs: ClassValue[]): string {
  return twMerge(clsx(inputs));
}
