import { describe, expect, it, vi } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher } from '../../src/index.ts'
import type { RefresherOptions } from '../../src/index.ts'
import { settingsOf } from '../../src/runtime/options.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { handClock } from './clock.ts'
import { world } from './world.ts'

const good = (): RefresherOptions => ({
  provider: oidc({ issuer: 'https://id.example.com' }),
  client: { id: 'app' },
  ledger: { store: memoryStore({ name: 'settings', clock: handClock() }) },
})

/** A change of the ledger's options. */
const ledger = (changed: object): object => ({ ledger: { ...good().ledger, ...changed } })

describe('settingsOf', () => {
  it.each([
    ['none', undefined, 20_000],
    ['a window of 3 s', 3_000, 23_000],
    ['a window of half an hour', 1_800_000, 50_000],
  ])('lets a claim last as long as its presentations can take, %s', (_, windowMs, claimMs) => {
    const reuse = windowMs === undefined ? {} : { reuse: { acceptedForMs: windowMs } }
    const provider = oidc({ issuer: 'https://id.example.com', ...reuse })

    expect(settingsOf({ ...good(), provider })).toMatchObject({ claimMs, waitMs: claimMs })
  })
})

describe('createRefresher', () => {
  for (const [what, bad, says] of [
    ['no provider', { provider: undefined }, /oidc\(\{ issuer \}\)/],
    ['provider null', { provider: null }, /oidc\(\{ issuer \}\)/],
    ['no client', { client: undefined }, /client\.id/],
    ['a client without id', { client: { id: '' } }, /client\.id/],
    ['an empty secret', { client: { id: 'app', secret: '' } }, /secret/],
    ['no ledger', { ledger: undefined }, /memoryStore\(\)/],
    ['no store', { ledger: {} }, /memoryStore\(\)/],
    ['a store that is a client', { ledger: { store: { get() {} } } }, /memoryStore\(\)/],
    ['an empty pepper', ledger({ pepper: '' }), /pepper/],
    ['a short pepper', ledger({ pepper: 'secret' }), /pepper/],
    ['an empty ledger', ledger({ name: '' }), /ledger/],
    [
      'a claim that ends before the request',
      { timeouts: { requestMs: 15_000, claimMs: 15_000 } },
      /timeouts\.claimMs/,
    ],
    ['a claim without margin', { timeouts: { claimMs: 15_999 } }, /at least 16000/],
    ['a timeout in seconds', { timeouts: { requestMs: 15 } }, /timeouts\.requestMs is 15: .+ 100/],
    ['a timeout of nothing', { timeouts: { requestMs: 0 } }, /timeouts\.requestMs/],
    ['a negative time', { timeouts: { waitMs: -1 } }, /timeouts\.waitMs/],
    ['a time that is no number', { staleHolders: { afterMs: Number.NaN } }, /afterMs/],
    ['an endless time', { timeouts: { storeMs: Infinity } }, /timeouts\.storeMs/],
    ['a time as text', { refreshAheadMs: '60' }, /refreshAheadMs/],
    [
      'a claim that is forgotten at once',
      ledger({ retention: { claimMs: 0 } }),
      /claimMs.*afterMs/,
    ],
    ['a chain that is forgotten at once', ledger({ retention: { grantMs: 60_000 } }), /grantMs/],
    ['an unknown policy', { staleHolders: { then: 'ignore' } }, /staleHolders\.then/],
    ['the old policy', { staleHolders: 'replay' }, /write staleHolders: { afterMs, then }/],
    [
      'a policy that is not grouped',
      { staleHolders: 'serve' },
      /write staleHolders: { afterMs, then }/,
    ],
    [
      'a ledger that is a name',
      { ledger: 'mine' },
      /write ledger: { store, name, pepper, formerIssuers, retention }/,
    ],
    ['timeouts in one', { timeouts: 5_000 }, /timeouts: { requestMs, claimMs, waitMs, storeMs }/],
    ['a store at the top', { store: {} }, /store is no option: write ledger: { store }/],
    ['a pepper at the top', { pepper: 'p' }, /write ledger: { store, pepper }/],
    [
      'claimRetentionMs',
      { claimRetentionMs: 1 },
      /write ledger: { store, retention: { claimMs } }/,
    ],
    [
      'grantRetentionMs',
      { grantRetentionMs: 1 },
      /write ledger: { store, retention: { grantMs } }/,
    ],
    ['requestTimeoutMs', { requestTimeoutMs: 1 }, /write timeouts: { requestMs }/],
    ['claimMs at the top', { claimMs: 1 }, /write timeouts: { claimMs }/],
    ['waitMs at the top', { waitMs: 1 }, /write timeouts: { waitMs }/],
    ['storeTimeoutMs', { storeTimeoutMs: 1 }, /write timeouts: { storeMs }/],
    ['staleMs', { staleMs: 1 }, /write staleHolders: { afterMs }/],
    ['verifyMs', { verifyMs: 0 }, /write revocationCheckMs/],
    ['a misspelt option', { onevent: () => {} }, /did you mean onEvent\?/],
    ['a misspelt time', { timeouts: { requestMS: 1 } }, /timeouts\.requestMS.*mean requestMs\?/],
    ['a misspelt retention', ledger({ retention: { claim: 1 } }), /mean claimMs\?/],
    ['an observer that is none', { onEvent: 'log' }, /onEvent/],
    ['a reload that is none', { reload: {} }, /reload/],
    ['a store that was not called', { ledger: { store: memoryStore } }, /is a function.*memoryS/],
    ['a store to come', { ledger: { store: Promise.resolve({}) } }, /promise: await it/],
    ['a store without changed', { ledger: { store: { read() {}, swap() {} } } }, /ledger\.store/],
    ['a provider that was not called', { provider: oidc }, /provider is a function.*oidc\(/],
    ['a provider that is an issuer', { provider: 'https://id.example.com' }, /oidc\({ issuer }\)/],
    ['a provider of another library', { provider: { id: 'x', type: 'oidc' } }, /provider is an ob/],
    [
      'a provider that was changed',
      { provider: { ...good().provider, rotation: 'Always' } },
      /rotation.*did you mean 'always'/,
    ],
    [
      'an endpoint that was changed',
      { provider: { ...good().provider, tokenEndpoint: 'http://evil.example/token' } },
      /plain http/,
    ],
    ['a client that is an id', { client: 'app' }, /client is a string: write client: { id, secret/],
    ['a client that is null', { client: null }, /client is null/],
    ['another name of the id', { client: { clientId: 'app' } }, /client\.clientId.*write id/],
    ['another name of the secret', { client: { id: 'a', client_secret: 's' } }, /write secret/],
    ['clientId at the top', { clientId: 'app' }, /write client: { id }/],
    ['a key as text', { client: { id: 'a', privateKey: 'PEM' } }, /privateKey is a string/],
    ['a key as JWK', { client: { id: 'a', privateKey: { key: { kty: 'EC' } } } }, /importKey/],
    ['a line break behind the secret', { client: { id: 'a', secret: 'hush\n' } }, /secret has a/],
    ['a space before the id', { client: { id: ' app' } }, /client\.id has a line break/],
    ['an id that was not there', { client: { id: 'undefined' } }, /client\.id holds 'undefined'/],
    ['a secret that a shell left', { client: { id: 'a', secret: '${SECRET}' } }, /holds 'undef/],
    [
      'a secret as bytes',
      { client: { id: 'a', secret: Buffer.from('hush') } },
      /is bytes, no text/,
    ],
    ['a secret to come', { client: { id: 'a', secret: Promise.resolve('s') } }, /await it/],
    ['a pepper as bytes', ledger({ pepper: Buffer.alloc(32, 7) }), /pepper is bytes, no text/],
    ['a pepper as Uint8Array', ledger({ pepper: new Uint8Array(32) }), /pepper is bytes, no text/],
    ['a pepper as a number', ledger({ pepper: 12_345 }), /pepper is a number: write at least 32/],
    [
      'a pepper with its line',
      ledger({ pepper: `${'p'.repeat(32)}\n` }),
      /pepper has a line break/,
    ],
    ['a pepper that is null', ledger({ pepper: null }), /pepper is null/],
    ['a name that is a number', ledger({ name: 7 }), /ledger\.name is a number/],
    ['timeouts null', { timeouts: null }, /timeouts is null: write timeouts: { requestMs/],
    ['an observer null', { onEvent: null }, /onEvent is null: write a function/],
    ['a clock that is half', { clock: { now: () => 0 } }, /clock is an object: write a Clock/],
    ['a store for the ledger', { ledger: memoryStore() }, /write ledger: { store: memoryStore/],
    ['telemetry not called', { onEvent: function telemetry() {} }, /telemetry\(\)/],
    ['a page that was not called', { inspect: function pageInspector() {} }, /pageInspector\(\)/],
    ['a fetch that is none', { fetch: {} }, /fetch is an object: write a function/],
  ] as const) {
    it(`does not take ${what}`, () => {
      const options = { ...good(), ...bad } as unknown as RefresherOptions

      expect(() => createRefresher(options)).toThrow(TypeError)
      expect(() => createRefresher(options)).toThrow(says)
    })
  }

  for (const options of [undefined, null, 'oidc', [], good]) {
    it(`does not take ${String(options)} for options`, () => {
      const make = (): unknown => createRefresher(options as never)

      expect(make).toThrow(TypeError)
      expect(make).toThrow(/^createRefresher: the argument is .*write { provider, client, ledger/)
    })
  }

  it('prints no secret of the options', () => {
    const secret = 'kT9-secret-of-the-client'
    for (const bad of [
      { client: { id: 'a', secret: `${secret}\n` } },
      { client: { id: 'a', secret: [secret] } },
      { client: secret },
      { staleHolders: { then: secret } },
      ledger({ pepper: secret }),
      ledger({ pepper: { secret } }),
      ledger({ store: secret }),
    ]) {
      let said = ''
      try {
        createRefresher({ ...good(), ...bad })
      } catch (error) {
        said = String(error)
      }

      expect(said).toContain('TypeError')
      expect(said).not.toContain(secret)
    }
  })

  it('wants a pepper for tokens that can be guessed, on a shared store', () => {
    const provider = oidc({ issuer: 'https://id.example.com', tokens: 'guessable' })
    const shared = { ...good().ledger.store, name: 'redis' }

    expect(() => createRefresher({ ...good(), provider, ledger: { store: shared } })).toThrow(
      /pepper/,
    )
    expect(() => createRefresher({ ...good(), provider })).not.toThrow()
    const pepper = 'p'.repeat(32)
    expect(() =>
      createRefresher({ ...good(), provider, ledger: { store: shared, pepper } }),
    ).not.toThrow()
  })

  it('exposes the provider', () => {
    const { provider } = good()

    expect(createRefresher({ ...good(), provider }).provider).toBe(provider)
  })

  for (const [what, asked, says] of [
    ['the old name of `refused`', { force: true }, /force is no option: write refused: true/],
    ['a misspelt option', { minValidMS: 5 }, /did you mean minValidMs\?/],
    ['a time as text', { minValidMs: '60' }, /minValidMs is a string: write milliseconds/],
    ['a time that is NaN', { minValidMs: Number.NaN }, /minValidMs is NaN/],
    ['a resource that is a list', { resource: ['a'] }, /resource is a list/],
    ['a signal that is its controller', { signal: new AbortController() }, /write an AbortSignal/],
    ['waitUntil of another kind', { waitUntil: {} }, /waitUntil is an object: write a function/],
    ['null', null, /the argument is null: write { /],
  ] as const) {
    it(`rejects a refresh with ${what}`, async () => {
      const refreshed = createRefresher(good()).refresh({ accessToken: 'at' }, asked as object)

      await expect(refreshed).rejects.toThrow(TypeError)
      await expect(refreshed).rejects.toThrow(says)
    })
  }

  it('takes `refused: false` for a token that was not refused', async () => {
    const asked = { refused: false } as unknown as object

    expect((await createRefresher(good()).refresh({ accessToken: 'at' }, asked)).state).toBe(
      'fresh',
    )
  })

  it('does not keep a set without a place for its successors', () => {
    const { keep } = createRefresher(good())

    for (const options of [undefined, null, {}, { onChanged: 'save' }, { onChange() {} }]) {
      expect(() => keep({ accessToken: 'at' }, options as never)).toThrow(/^keep: .*onChanged/)
    }
  })

  it('opens nothing and sets no timer', () => {
    const clock = handClock()
    const fetch = vi.fn<NonNullable<RefresherOptions['fetch']>>()

    createRefresher({ ...good(), clock, fetch })

    expect(clock.pending).toEqual([])
    expect(fetch).not.toHaveBeenCalled()
  })
})

describe('a placeholder', () => {
  it.each([
    '$CLIENT_ID',
    '${CLIENT_ID}',
    '${CLIENT_ID:-}',
    '$clientId',
    '%CLIENT_ID%',
    '__CLIENT_ID__',
    '{{CLIENT_ID}}',
    '{{ client_id }}',
    '{client_id}',
    '<your client id>',
    '<AUTH0_CLIENT_ID>',
    '[your-client-id]',
    'YOUR_CLIENT_ID',
    'your-client-id',
    'Your client ID here',
    'yourClientId',
    'YOUR_GITHUB_APP_CLIENT_SECRET',
    'INSERT_CLIENT_ID_HERE',
    'REPLACE_ME',
    'changeme',
    'change-me',
    'process.env.CLIENT_ID',
    'import.meta.env.VITE_CLIENT_ID',
    'undefined',
    'null',
    'None',
    'NaN',
    '[object Object]',
    'XXXXXXXX',
    '********',
    '...',
    'placeholder',
    'redacted',
    '',
    ' ',
  ])('is neither id nor secret, and is not printed: %j', (value) => {
    for (const client of [{ id: value }, { id: 'app', secret: value }]) {
      const make = (): unknown => createRefresher({ ...good(), client })

      expect(make).toThrow(TypeError)
      expect(make).toThrow(
        /client\.(?:id|secret) .*(?:the client_|was the variable|write it without)/,
      )
    }
  })

  it.each([
    'app',
    'todo',
    'my-client-id',
    'client-id',
    'client_id',
    'your-energy',
    'yourcompany',
    'replacements',
    'xxx',
    '6731de76-14a6-49ae-97bc-6eba6914391e',
    '{6731de76-14a6-49ae-97bc-6eba6914391e}',
    'https://app.example.com/client.json',
    '1234567890-abc123def456.apps.googleusercontent.com',
    'Iv1.8a61f9b3a7aba766',
    'p~8Q~abcDEF.gh-ij_kl~mn',
    'GOCSPX-1aB2_cD3-eF4',
    '$2b$10$N9qo8uLOickgx2ZMRZoMye',
    '$ecret&Pa55!',
    '%7Bsecret%7D',
    '<3 my secret!',
    'a…b',
    '__a__',
    'none',
  ])('is not %s, which may be the id or the secret of a client', (value) => {
    expect(() => createRefresher({ ...good(), client: { id: value, secret: value } })).not.toThrow()
  })

  it.each([
    '$ISSUER',
    '${ISSUER}',
    'https://$ISSUER/',
    'https://${DOMAIN}/oidc',
    'https://YOUR_DOMAIN/oidc',
    'https://your-tenant.auth0.com',
    'https://yourdomain.example',
    'https://login.example/YOUR_TENANT_ID/v2.0',
    'https://<your-domain>/',
    'https://{tenant}.example',
    'https://%TENANT_NAME%.example',
    'https://undefined/oidc',
    'changeme',
    'null',
    '',
  ])('is no issuer: %j', (issuer) => {
    expect(() => oidc({ issuer })).toThrow(TypeError)
  })

  it.each([
    'https://yours.example',
    'https://id.example/realms/your-energy',
    'https://id.example/$x',
  ])('is not %s, which may be an issuer', (issuer) => {
    expect(() => oidc({ issuer })).not.toThrow()
  })
})

describe('onEvent', () => {
  it('may throw', async () => {
    const { process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()

    const outcome = await process({
      onEvent: () => {
        throw new Error('observer')
      },
    }).refresh(tokens)

    expect(outcome).toMatchObject({ state: 'rotated', usable: true })
  })

  it('replaces one line of the log per code and minute', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const { process, signIn, expire, clock, server } = await world()
    const quiet = process()
    const loud = process({ onEvent: undefined })
    const dead = await signIn()
    expire()
    server.endGrant(dead.refreshToken!)

    await quiet.refresh(dead)
    expect(warn).not.toHaveBeenCalled()
    await loud.refresh(dead)
    await loud.refresh(dead)
    clock.advance(59_999)
    await loud.refresh(dead)
    expect(warn).toHaveBeenCalledTimes(1)
    await loud.refresh({ accessToken: 'a', expiresAtMs: 0 })
    expect(warn).toHaveBeenCalledTimes(2)
    clock.advance(1)
    await loud.refresh(dead)

    expect(warn).toHaveBeenCalledTimes(3)
    expect(warn.mock.calls[0]).toEqual([
      expect.stringMatching(
        /^refresh-once: .* code=rejected reason=refused_by_server token=[\w-]{8}$/,
      ),
    ])
    expect(warn.mock.calls[1]).toEqual([
      expect.stringMatching(/ code=no_refresh_token reason=no_refresh_token token=-$/),
    ])
  })
})
