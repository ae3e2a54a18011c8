import { bundle, MAIN, TYPICAL } from './bundle.ts'
import type { Figure } from './figures.ts'

const KIB = 1024

/** What a bundler makes of it. The same every time: test/package/size.test.ts holds the budget. */
export async function size(): Promise<readonly Figure[]> {
  const typical = await bundle(TYPICAL)
  const all = await bundle(MAIN)
  const ours = await bundle(TYPICAL, ['xstate', 'oauth4webapi'])
  const kib = (name: string, bytes: number): Figure => ({ name, value: bytes / KIB, unit: 'KiB' })
  return [
    {
      ...kib('main entry + oidc, loaded at once, minified, gzip', typical.atOnceGzipBytes),
      atMost: 28,
    },
    kib('main entry + oidc in one file, minified, gzip', typical.gzipBytes),
    kib('everything of the main entry, minified, gzip', all.gzipBytes),
    kib('ours alone (main entry + oidc), minified, gzip', ours.gzipBytes),
    ...[...typical.bytesOf].map(([owner, bytes]) => kib(`of it ${owner}, minified`, bytes)),
  ]
}
