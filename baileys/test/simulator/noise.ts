/** The server's half of Noise XX 25519 AESGCM SHA256, as WhatsApp frames it. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { Curve, NOISE_MODE, NOISE_WA_HEADER, proto } from 'baileys';
import { type KeyPair, ROOT, keyPairFrom } from './root.js';

const TAG = 16;
const SERVER = keyPairFrom('the static key of a simulated WhatsApp server');
const INTERMEDIATE = keyPairFrom('an intermediate certificate of a simulated WhatsApp server');

export interface ClientHello {
  /** The client's static key: what identifies a linked device. */
  readonly noiseKey: Buffer;
  readonly payload: proto.ClientPayload;
}

export class ServerNoise {
  #hash: Buffer = Buffer.from(NOISE_MODE);
  #salt: Buffer = this.#hash;
  #key: Buffer = this.#hash;
  #counter = 0;
  readonly #ephemeral: KeyPair = Curve.generateKeyPair() as KeyPair;
  #read: Transport | undefined;
  #write: Transport | undefined;

  constructor() {
    this.#authenticate(NOISE_WA_HEADER);
  }

  /** Answers the first handshake message. */
  hello(frame: Uint8Array): Uint8Array {
    const { clientHello } = proto.HandshakeMessage.decode(frame);
    const theirs = Buffer.from(clientHello?.ephemeral ?? []);
    this.#authenticate(theirs);
    this.#authenticate(this.#ephemeral.public);
    this.#mix(Curve.sharedKey(this.#ephemeral.private, theirs));
    const sealedKey = this.#encrypt(SERVER.public);
    this.#mix(Curve.sharedKey(SERVER.private, theirs));
    const serverHello = {
      ephemeral: this.#ephemeral.public,
      static: sealedKey,
      payload: this.#encrypt(certificates()),
    };
    return proto.HandshakeMessage.encode({ serverHello }).finish();
  }

  /** Reads the last handshake message and splits. */
  finish(frame: Uint8Array): ClientHello {
    const { clientFinish } = proto.HandshakeMessage.decode(frame);
    const noiseKey = this.#decrypt(Buffer.from(clientFinish?.static ?? []));
    this.#mix(Curve.sharedKey(this.#ephemeral.private, noiseKey));
    const payload = proto.ClientPayload.decode(this.#decrypt(Buffer.from(clientFinish?.payload ?? [])));
    const [clientToServer, serverToClient] = this.#derive(Buffer.alloc(0));
    this.#read = new Transport(clientToServer);
    this.#write = new Transport(serverToClient);
    return { noiseKey, payload };
  }

  seal(plaintext: Uint8Array): Buffer {
    if (!this.#write) throw new Error('handshake not finished');
    return this.#write.encrypt(plaintext);
  }

  open(ciphertext: Uint8Array): Buffer {
    if (!this.#read) throw new Error('handshake not finished');
    return this.#read.decrypt(ciphertext);
  }

  #authenticate(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  #derive(data: Uint8Array): [Buffer, Buffer] {
    const key = Buffer.from(hkdfSync('sha256', data, this.#salt, '', 64));
    return [key.subarray(0, 32), key.subarray(32)];
  }

  #mix(data: Uint8Array): void {
    [this.#salt, this.#key] = this.#derive(data);
    this.#counter = 0;
  }

  #encrypt(plaintext: Uint8Array): Buffer {
    const sealed = seal(this.#key, this.#counter++, this.#hash, plaintext);
    this.#authenticate(sealed);
    return sealed;
  }

  #decrypt(ciphertext: Buffer): Buffer {
    const opened = open(this.#key, this.#counter++, this.#hash, ciphertext);
    this.#authenticate(ciphertext);
    return opened;
  }
}

class Transport {
  #counter = 0;
  constructor(private readonly key: Buffer) {}

  encrypt(plaintext: Uint8Array): Buffer {
    return seal(this.key, this.#counter++, Buffer.alloc(0), plaintext);
  }

  decrypt(ciphertext: Uint8Array): Buffer {
    return open(this.key, this.#counter++, Buffer.alloc(0), Buffer.from(ciphertext));
  }
}

function nonce(counter: number): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(counter, 8);
  return iv;
}

function seal(key: Buffer, counter: number, associated: Buffer, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce(counter));
  cipher.setAAD(associated);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, counter: number, associated: Buffer, ciphertext: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce(counter));
  decipher.setAAD(associated);
  decipher.setAuthTag(ciphertext.subarray(-TAG));
  return Buffer.concat([decipher.update(ciphertext.subarray(0, -TAG)), decipher.final()]);
}

/** Root signs intermediate, intermediate signs leaf; the leaf's key is the server's static key. */
function certificates(): Uint8Array {
  const { Details } = proto.CertChain.NoiseCertificate;
  const intermediate = Details.encode({ serial: 1, issuerSerial: 0, key: INTERMEDIATE.public }).finish();
  const leaf = Details.encode({ serial: 2, issuerSerial: 1, key: SERVER.public }).finish();
  return proto.CertChain.encode({
    intermediate: { details: intermediate, signature: Curve.sign(ROOT.private, intermediate) },
    leaf: { details: leaf, signature: Curve.sign(INTERMEDIATE.private, leaf) },
  }).finish();
}
