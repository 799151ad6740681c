/**
 * A port of loopback for a server that is started later, or again after it was stopped. Until
 * then nobody listens there, so the number is reserved by a UDP socket, which every test process
 * on this machine honours. The range lies below the ports that the kernel lends to outgoing
 * connections.
 */
import { randomInt } from 'node:crypto';
import { type Socket, createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';
const LOWEST = 15_000;
const HIGHEST = 31_999;

/** Open for as long as this process lives. */
const RESERVATIONS: Socket[] = [];

export async function reservePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    const reservation = await reserve(port);
    if (reservation && (await isFree(port))) {
      RESERVATIONS.push(reservation);
      return port;
    }
    reservation?.close();
  }
}

function reserve(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4').unref();
    socket.once('error', () => resolve(undefined));
    socket.bind({ port, address: HOST, exclusive: true }, () => resolve(socket));
  });
}

/** Whether no program that knows nothing of reservations listens there. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
