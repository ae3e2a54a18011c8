// The test of docs/fuzzing.md, in jest, in a project in which the packed package is installed.
import { defineProvider } from 'refresh-once'
import { fuzzProvider } from 'refresh-once/testing'

/** @param {'always' | 'never'} rotation */
const rotating = (rotation) =>
  defineProvider({ id: 'acme', tokenEndpoint: 'https://id.acme.example/token', rotation })

test('my provider', async () => {
  await fuzzProvider(rotating('always'), { server: 'logto', runs: 100 })
}, 60_000)

test('a provider that is wrong', async () => {
  const failed = fuzzProvider(rotating('never'), { server: 'logto', runs: 100, seed: 1 })

  await expect(failed).rejects.toThrow(
    /again: NODE_OPTIONS=\S+ REFRESH_ONCE_PATH='\S+ 1:[\d:]+' npx jest provider\.test\.mjs/,
  )
}, 60_000)
