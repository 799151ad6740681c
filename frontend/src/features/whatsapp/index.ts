// What other features may use of WhatsApp.
export { WhatsappCard } from './card';
