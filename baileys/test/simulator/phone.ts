/** A simulated phone: an account's identity, and its half of linking by QR and by code. */
import { createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Curve, aesDecryptCTR, aesEncryptCTR, derivePairingCodeKey, proto } from 'baileys';
import type { KeyPair } from './root.js';

export class Phone {
  readonly identity = Curve.generateKeyPair() as KeyPair;
  #nextDevice = 1;

  constructor(
    /** Digits only. */
    readonly number: string,
  ) {}

  get lidUser(): string {
    return `1${this.number.slice(-11).padStart(13, '0')}`;
  }

  nextDevice(): number {
    return this.#nextDevice++;
  }

  /** What `<device-identity>` carries; `wrong` authenticates it with another secret. */
  deviceIdentity(companionIdentity: Buffer, advSecret: Buffer, keyIndex: number, wrong: boolean): Uint8Array {
    const { ADVEncryptionType } = proto;
    const details = proto.ADVDeviceIdentity.encode({
      rawId: 1_000 + keyIndex,
      timestamp: Math.floor(Date.now() / 1000),
      keyIndex,
      accountType: ADVEncryptionType.E2EE,
      deviceType: ADVEncryptionType.E2EE,
    }).finish();
    const message = Buffer.concat([Buffer.from([6, 0]), details, companionIdentity]);
    const signed = proto.ADVSignedDeviceIdentity.encode({
      details,
      accountSignatureKey: this.identity.public,
      accountSignature: Curve.sign(this.identity.private, message),
    }).finish();
    const secret = wrong ? randomBytes(32) : advSecret;
    const hmac = createHmac('sha256', secret).update(signed).digest();
    return proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish();
  }

  /** The companion signed back: its own identity accepts this account. */
  accepts(reply: Uint8Array, companionIdentity: Buffer): boolean {
    const { details, deviceSignature } = proto.ADVSignedDeviceIdentity.decode(reply);
    if (!details || !deviceSignature) return false;
    const message = Buffer.concat([Buffer.from([6, 1]), details, companionIdentity, this.identity.public]);
    return Curve.verify(companionIdentity, message, deviceSignature);
  }
}

/** The phone's side of linking by an eight-character code. */
export class CodePairing {
  readonly #ephemeral = Curve.generateKeyPair() as KeyPair;

  constructor(
    private readonly phone: Phone,
    private readonly code: string,
    private readonly companionEphemeral: Buffer,
  ) {}

  static async begin(phone: Phone, code: string, wrapped: Buffer): Promise<CodePairing> {
    const key = await derivePairingCodeKey(code, wrapped.subarray(0, 32));
    return new CodePairing(
      phone,
      code,
      aesDecryptCTR(wrapped.subarray(48, 80), key, wrapped.subarray(32, 48)),
    );
  }

  async wrappedEphemeral(): Promise<Buffer> {
    const [salt, iv] = [randomBytes(32), randomBytes(16)];
    const key = await derivePairingCodeKey(this.code, salt);
    return Buffer.concat([salt, iv, aesEncryptCTR(this.#ephemeral.public, key, iv)]);
  }

  /** Opens the companion's key bundle; undefined when the code was wrong. */
  finish(bundle: Buffer): { advSecret: Buffer; companionIdentity: Buffer } | undefined {
    const shared = Curve.sharedKey(this.#ephemeral.private, this.companionEphemeral);
    const info = 'link_code_pairing_key_bundle_encryption_key';
    const key = Buffer.from(hkdfSync('sha256', shared, bundle.subarray(0, 32), info, 32));
    const decipher = createDecipheriv('aes-256-gcm', key, bundle.subarray(32, 44));
    decipher.setAuthTag(bundle.subarray(-16));
    let opened: Buffer;
    try {
      opened = Buffer.concat([decipher.update(bundle.subarray(44, -16)), decipher.final()]);
    } catch {
      return undefined;
    }
    const companionIdentity = opened.subarray(0, 32);
    const identityShared = Curve.sharedKey(this.phone.identity.private, companionIdentity);
    const secret = Buffer.concat([shared, identityShared, opened.subarray(64, 96)]);
    return {
      companionIdentity,
      advSecret: Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), 'adv_secret', 32)),
    };
  }
}
