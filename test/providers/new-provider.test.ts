import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entriesOf } from '../tidy/manifest.ts'
import { repository } from '../tidy/repository.ts'

/** All that there is of a provider that nobody has written yet. */
const ACME = `
import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/** Acme. Errors come with status 200. */
export const facts = {
  id: 'acme-id',
  name: 'Acme ID',
  for: 'Acme',
  tokenEndpoint: 'https://id.acme.example/token',
  rotation: 'always',
  reuse: { acceptedForMs: 60_000 },
  lifetimes: { accessMs: 600_000, refreshIdleMs: 7_776_000_000 },
  wire: { dead: { status: 200, error: 'bad_refresh_token' } },
  failures: { bad_refresh_token: 'rejected' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: 'https://docs.acme.example/tokens',
      status: 200,
      body: { access_token: 'at-2', refresh_token: 'rt-2', expires_in: 600 },
      ends: 'granted',
    },
    {
      title: 'a spent token',
      source: 'https://docs.acme.example/errors',
      status: 200,
      body: { error: 'bad_refresh_token' },
      ends: 'rejected',
    },
  ],
  sources: {
    tokenEndpoint: 'https://docs.acme.example/tokens',
    rotation: 'https://docs.acme.example/tokens',
    reuse: 'https://docs.acme.example/tokens',
    lifetimes: 'https://docs.acme.example/tokens',
    wire: 'https://docs.acme.example/errors',
    failures: 'https://docs.acme.example/errors',
  },
} as const satisfies ProviderEvidence

export const acmeId = (overrides: Overrides = {}): Provider =>
  providerOf(facts, overrides)
`

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const COPY = join(ROOT, '.build/new-provider')
const PARTS = ['src', 'machines', 'providers', 'test', 'docs', 'README.md', 'package.json']
const CONFIGURATION = ['vitest.config.ts', 'tsconfig.json']

/** Runs a script of the copy, as one would type it there. */
function run(...command: readonly string[]): string {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined }
  return execFileSync(process.execPath, [...command], { cwd: COPY, encoding: 'utf8', env })
}

describe('a new provider is one file, and no other is edited', () => {
  beforeAll(() => {
    rmSync(COPY, { recursive: true, force: true })
    mkdirSync(COPY, { recursive: true })
    for (const part of [...PARTS, ...CONFIGURATION]) {
      cpSync(join(ROOT, part), join(COPY, part), {
        recursive: true,
        filter: (path) => !path.includes('.next') && !path.includes('node_modules'),
      })
    }
    symlinkSync(join(ROOT, 'node_modules'), join(COPY, 'node_modules'))
    writeFileSync(join(COPY, 'providers/acme-id.ts'), ACME)
  })

  afterAll(() => rmSync(COPY, { recursive: true, force: true }))

  it('keeps the contract, and withstands the server of its facts', { timeout: 120_000 }, () => {
    const said = run(
      'node_modules/vitest/vitest.mjs',
      'run',
      'test/providers/every.test.ts',
      '--testNamePattern=acme-id',
      '--reporter=verbose',
    )

    expect(said).toMatch(/✓ .*provider 'acme-id' > withstands its own server/)
    expect(said).toMatch(/✓ .*provider 'acme-id' > 'rejected': 'a spent token' > is read as that/)
    expect(said).not.toContain('×')
  })

  it('is written into the docs', () => {
    run('--import', 'tsx', 'test/docs/generate.ts')

    const page = readFileSync(join(COPY, 'docs/providers/acme-id.md'), 'utf8')
    expect(page).toContain('# Acme ID: `acme-id`')
    expect(page).toContain('const provider = acmeId()')
    expect(page).toMatch(/`reuse` +\| accepted for 1 minute +\| \[tokens\]\(https:/)
    expect(readFileSync(join(COPY, 'docs/providers.md'), 'utf8')).toContain('90 days without use')
    expect(page).toContain('sign in again after 90 days in which your app did not refresh')
    const { providers } = JSON.parse(readFileSync(join(COPY, 'docs/providers.json'), 'utf8')) as {
      providers: { id: string }[]
    }
    expect(providers.map(({ id }) => id)).toContain('acme-id')
    expect(readFileSync(join(COPY, 'README.md'), 'utf8')).toContain('docs/providers/acme-id.md')
  })

  it('is found by the command line', () => {
    const said = (id: string): string =>
      spawnSync(
        process.execPath,
        ['--import', 'tsx', 'src/cli/main.ts', 'doctor', '--provider', id, '--client', 'a'],
        { cwd: COPY, encoding: 'utf8', env: { ...process.env, NO_PROXY: '*' } },
      ).stdout

    expect(said('acme-id')).toContain('id.acme.example')
    expect(said('acme')).not.toContain('id.acme.example')
  })

  it('is exported', () => {
    const { paths, read } = repository()

    const entries = entriesOf({ paths: new Set([...paths, 'providers/acme-id.ts']), read })

    expect(entries.find(({ name }) => name === './providers/acme-id')).toMatchObject({
      target: './dist/providers/acme-id.js',
      source: 'providers/acme-id.ts',
    })
  })
})
