import { test } from 'node:test'
import { oidc } from '../../providers/oidc.ts'
import { fuzzProvider } from '../../src/testing/fuzz-provider.ts'
import { brokenThat } from './broken.ts'

/** Run by fuzz-provider.test.ts, with `node --test`: the second fails, and is meant to. */
const options = { server: 'oidc-provider', runs: 50, seed: 1 } as const

await test('a provider without fault', async () => {
  await fuzzProvider(oidc({ issuer: 'https://id.example.com' }), options)
})

await test('a broken provider', async () => {
  await fuzzProvider(brokenThat("claims rotation 'never'").provider, options)
})
