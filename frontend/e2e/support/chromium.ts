/** Which Chromium the tests drive: the machine's own, else the one of an npm package. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A browser's program, and what its environment needs besides. */
export interface Program {
  path: string;
  environment: Record<string, string>;
}

interface Package {
  /** Unpacks an archive into the temporary folder; the path of what was unpacked. */
  inflate: (archive: string) => Promise<string>;
}

/** Debian's, or whatever `CHROMIUM` names; `CHROMIUM=packaged` insists on the package's. */
export function program(): Program | Promise<Program> {
  const given = process.env['CHROMIUM'];
  const own = [given, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (path) => path !== undefined && existsSync(path),
  );
  return own !== undefined && given !== 'packaged' ? { path: own, environment: {} } : packaged();
}

/**
 * The browser that `make test` installs into `e2e/chromium` on a machine that has none. It is
 * made for a cloud's functions: it brings its few libraries and a font, but looks for the font
 * where that cloud unpacks it. Without one it paints no text, loads no web font and may end its
 * renderer, so its fonts are named to it. Its recommended flags (one process, no web security)
 * are that cloud's too, and are left out.
 */
async function packaged(): Promise<Program> {
  const modules = new URL('../chromium/node_modules/', import.meta.url);
  const home = new URL('@sparticuz/chromium/', modules);
  const entry = new URL('build/index.js', home);
  if (!existsSync(entry))
    throw new Error(
      'no Chromium: install one, name it in CHROMIUM, or run `npm ci` in frontend/e2e/chromium',
    );
  const folder = fileURLToPath(new URL('.unpacked/', modules));
  const fonts = join(folder, 'fonts.conf');
  // Written last: an unpacking that was cut short is begun anew.
  if (!existsSync(fonts)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    await unpack(entry, fileURLToPath(new URL('bin/', home)), folder);
    writeFileSync(
      fonts,
      `<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig><dir>${folder}fonts</dir><dir>/usr/share/fonts</dir><cachedir>${folder}font-cache</cachedir></fontconfig>\n`,
    );
  }
  return {
    path: join(folder, 'chromium'),
    environment: { FONTCONFIG_FILE: fonts, LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') },
  };
}

/** The package unpacks into the temporary folder, wherever that is. */
async function unpack(entry: URL, archives: string, folder: string): Promise<void> {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  try {
    const { inflate } = (await import(entry.href)) as Package;
    await Promise.all(
      ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br'].map((archive) =>
        inflate(join(archives, archive)),
      ),
    );
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
}
