import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { shippedIds } from '../../src/testing/presets.ts'
import { bundle, MAIN, TYPICAL } from '../bench/bundle.ts'

/** Bytes that a program loads at once. The rest comes with the first renewal. */
const AT_ONCE_MAX = 28 * 1024

/**
 * Bytes of all in one file, inspection with it: what is loaded later must not grow unseen. Since
 * each state and transition of the chart has a description, which Stately shows, it is 51 KiB. The
 * words of all options, the spellings of expiries, the proofs that nothing was sent and the rules
 * of taking over are twelve more; placeholders, and what stands around a token, one; the question
 * to a silent path another; to ask the AS about a token, and to say why a user has to sign in,
 * three; a connection for each presentation, one and a half; handles, one more.
 */
const ALL_MAX = 72.5 * 1024

/**
 * Products that no description is needed for to be named by mistake. `oidc` is no product, and the
 * name of a kind of metadata.
 */
const PRODUCTS = ['auth0', 'okta', 'keycloak', 'logto', 'spotify', 'github', 'hydra', 'cognito']

/** Ids that are words of any program, too. */
const WORDS = new Set(['oidc', 'line', 'x', 'box'])

const providers = shippedIds().filter((id) => !WORDS.has(id))

/** The words in names and texts of a program: minified names of its own are not among them. */
function wordsOf(code: string): Set<string> {
  const words = new Set<string>()
  const visit = (node: ts.Node): void => {
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)
    const isMember = ts.isIdentifier(node) && node.text.length > 3
    if (isText || isMember || ts.isRegularExpressionLiteral(node)) {
      for (const word of node.text.toLowerCase().split(/[^a-z0-9-]+/)) words.add(word)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('bundle.js', code, ts.ScriptTarget.ES2022))
  return words
}

describe('the main entry, bundled', async () => {
  const typical = await bundle(TYPICAL)
  const main = await bundle(MAIN)

  it('is at most 28 KiB with oidc, minified and compressed, of what is loaded at once', () => {
    expect(typical.atOnceGzipBytes).toBeGreaterThan(1024)
    expect(typical.atOnceGzipBytes).toBeLessThanOrEqual(AT_ONCE_MAX)
  })

  it('loads neither chart nor ledger nor transport before something is to be renewed', () => {
    const later =
      /node_modules|machines\/refresh|src\/(?:ledger\/(?:sealer|protocol)|transport\/send)/

    expect(typical.filesAtOnce.filter((path) => later.test(path))).toEqual([])
    expect(typical.files.filter((path) => later.test(path)).length).toBeGreaterThan(5)
  })

  it('is at most 72.5 KiB in one file', () => {
    expect(typical.gzipBytes).toBeLessThanOrEqual(ALL_MAX)
  })

  it('holds two packages beside ours, and no zod', () => {
    expect([...main.bytesOf.keys()].toSorted()).toEqual(['oauth4webapi', 'ours', 'xstate'])
    expect([...typical.bytesOf.keys()].toSorted()).toEqual(['oauth4webapi', 'ours', 'xstate'])
  })

  it('holds no description of a provider', () => {
    expect(main.files.filter((path) => path.startsWith('providers/'))).toEqual([])
  })

  it('names no provider', async () => {
    const words = wordsOf((await bundle(MAIN, ['xstate', 'oauth4webapi'])).code)

    expect([...PRODUCTS, ...providers].filter((name) => words.has(name))).toEqual([])
    expect(words).toContain('unreadable')
  })

  it('leaves out what is not used of it', () => {
    expect(typical.gzipBytes).toBeLessThan(main.gzipBytes)
  })
})

/** Bytes of `oidc`, minified and compressed, with `defineProvider` and its checks. */
const OIDC_MAX = 4.9 * 1024

/**
 * What another provider may add: `credentials` brings a reader of answers and of sign-ins, in all
 * the spellings of a lifetime.
 */
const MORE_MAX = 1.5 * 1024
const READER_MAX = 8.25 * 1024

describe('a provider, bundled', async () => {
  const { gzipBytes: oidcBytes } = await bundle(`export { oidc } from './providers/oidc.ts'`)

  it('is at most 4.9 KiB for oidc', () => {
    expect(oidcBytes).toBeLessThanOrEqual(OIDC_MAX)
  })

  it.each(shippedIds())('%s is small, and brings no other', async (id) => {
    const { files, bytesOf, code } = await bundle(`export * from './providers/${id}.ts'`)
    const used = await bundle(`export { ${factoryOf(id)} } from './providers/${id}.ts'`)

    const moreMax = id === 'credentials' ? READER_MAX : MORE_MAX
    expect(used.gzipBytes - oidcBytes).toBeLessThanOrEqual(moreMax)
    const others = files.filter((path) => /^providers\/[^/]+\.ts$/.test(path))
    expect(others).toEqual([`providers/${id}.ts`])
    expect([...bytesOf.keys()]).toEqual(['ours'])
    // What proves the facts is there for tests and docs, and in no program.
    expect(code).toContain('sources:{')
    expect(used.code).not.toMatch(/sources:|answers:/)
  })
})

const factoryOf = (id: string): string =>
  id.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

describe('the checks of the bundle', () => {
  it('see zod and a provider where they are', async () => {
    const whole = await bundle(`import * as z from 'zod/mini'\nexport { z }
      export { oidc } from './providers/oidc.ts'`)

    expect(whole.bytesOf.has('zod')).toBe(true)
    expect(whole.files).toContain('providers/oidc.ts')
    expect(wordsOf(whole.code)).toContain('oidc')
  })
})
