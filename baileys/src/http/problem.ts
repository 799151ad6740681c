/** Errors as RFC 9457 problem documents, with the two members that all of ProSaaS adds. */

export class Problem extends Error {
  override name = 'Problem';
  constructor(
    readonly status: number,
    readonly title: string,
    /** A sentence for people. */
    detail: string,
    readonly extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
  }

  body(): Record<string, unknown> {
    const { status, title, message: detail, extra } = this;
    return { type: 'about:blank', title, status, detail, success: false, error: detail, ...extra };
  }
}
