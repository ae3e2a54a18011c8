import { build } from 'esbuild'
import type { Metafile } from 'esbuild'
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What a bundler makes of a piece of code that imports this package's source. */
export interface Bundle {
  /** All of it in one file. */
  readonly code: string
  /** Compressed, bytes: what crosses a wire. */
  readonly gzipBytes: number
  /** The part of it that is loaded at once: the rest comes with the first renewal. */
  readonly atOnceGzipBytes: number
  readonly filesAtOnce: readonly string[]
  /** Minified bytes by where they come from: the name of a package, or `ours`. */
  readonly bytesOf: ReadonlyMap<string, number>
  /** Every file that is in it. */
  readonly files: readonly string[]
}

/** What the budget is held against: a program that refreshes at any standard server. */
export const TYPICAL = `
  export { createRefresher, isRefreshError } from './src/index.ts'
  export { oidc } from './providers/oidc.ts'
`

/** Everything that the main entry exports. */
export const MAIN = `export * from './src/index.ts'`

/**
 * Bundles and minifies, as a server's bundler would.
 *
 * @param external Packages that stay outside.
 */
export async function bundle(contents: string, external: readonly string[] = []): Promise<Bundle> {
  const { outputFiles, metafile } = await built(contents, external, false)
  const split = await built(contents, external, true)
  const atOnce = staticPart(split.metafile)
  const { contents: bytes, text: code } = outputFiles[0]!
  return {
    code,
    gzipBytes: gzipped(bytes),
    atOnceGzipBytes: split.outputFiles
      .filter(({ path }) => [...atOnce].some((name) => path.endsWith(name)))
      .reduce((sum, file) => sum + gzipped(file.contents), 0),
    filesAtOnce: [...atOnce].flatMap((name) => Object.keys(split.metafile.outputs[name]!.inputs)),
    ...contentsOf(metafile),
  }
}

const gzipped = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).byteLength

function built(contents: string, external: readonly string[], splitting: boolean) {
  return build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    absWorkingDir: ROOT,
    outdir: 'out',
    bundle: true,
    splitting,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    mainFields: ['module', 'main'],
    conditions: ['import', 'module'],
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    external: [...external],
    metafile: true,
    write: false,
  })
}

/** The names of the files that the entry imports, without those that it loads later. */
function staticPart({ outputs }: Metafile): ReadonlySet<string> {
  const entry = Object.keys(outputs).find((name) => outputs[name]!.entryPoint === '<stdin>')!
  const part = new Set([entry])
  for (const name of part) {
    for (const { path, kind } of outputs[name]!.imports) {
      if (kind === 'import-statement' && path in outputs) part.add(path)
    }
  }
  return part
}

function contentsOf({ outputs }: Metafile): Pick<Bundle, 'bytesOf' | 'files'> {
  const bytesOf = new Map<string, number>()
  const inputs = Object.entries(Object.values(outputs)[0]!.inputs)
  for (const [path, { bytesInOutput }] of inputs) {
    const owner = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? 'ours'
    bytesOf.set(owner, (bytesOf.get(owner) ?? 0) + bytesInOutput)
  }
  return {
    bytesOf,
    files: inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path),
  }
}
