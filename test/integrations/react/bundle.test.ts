import { describe, expect, it } from 'vitest'
import { bundle } from '../../bench/bundle.ts'

/** What a browser loads of it, compressed. Half a KiB of it checks the options. */
const GZIP_MAX = 4.2 * 1024

describe('refresh-once/react, bundled', async () => {
  const all = await bundle(`export * from './src/integrations/react.ts'`, ['react'])

  it('holds nothing of the server', () => {
    const allowed =
      /^src\/(?:integrations\/react(?:\.ts|\/)|core\/(?:check-options|clock|random|text)\.ts$)/

    expect(all.files.filter((path) => !allowed.test(path))).toEqual([])
    expect(all.files).toContain('src/integrations/react/session-guard.ts')
  })

  it('imports React and nothing else', () => {
    const imported = Array.from(all.code.matchAll(/\bfrom ?"([^"]+)"/g), ([, name]) => name)

    expect(imported).toEqual(['react'])
    expect([...all.bytesOf.keys()]).toEqual(['ours'])
  })

  it('is at most 4.2 KiB, minified and compressed', () => {
    expect(all.gzipBytes).toBeGreaterThan(500)
    expect(all.gzipBytes).toBeLessThanOrEqual(GZIP_MAX)
  })

  it('needs no React for the guard itself', async () => {
    const guard = await bundle(`export * from './src/integrations/react/session-guard.ts'`)

    expect(guard.code).not.toContain('import')
  })
})

describe('the checks of the bundle', () => {
  it('see the server where it is', async () => {
    const { files } = await bundle(`export * from './src/integrations/auth-js.ts'`)

    expect(files).toContain('src/core/field-styles.ts')
  })
})
