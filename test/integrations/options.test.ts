import { describe, expect, it } from 'vitest'
import { credentials } from '../../providers/credentials.ts'
import { logto } from '../../providers/logto.ts'
import { oidc } from '../../providers/oidc.ts'
import { spotify } from '../../providers/spotify.ts'
import { tokenSource } from '../../src/index.ts'
import { pageInspector } from '../../src/inspect/page-inspector.ts'
import { recorder } from '../../src/inspect/recorder.ts'
import {
  databaseCallbacks,
  refreshCallbacks,
  signInEvent,
  signOutEvent,
} from '../../src/integrations/auth-js.ts'
import { authorizedFetch } from '../../src/integrations/authorized-fetch.ts'
import { nextAuth4Proxy, refreshProxy } from '../../src/integrations/next.ts'
import { telemetry } from '../../src/integrations/otel.ts'
import { createSessionGuard } from '../../src/integrations/react/session-guard.ts'
import { fileStore } from '../../src/stores/file.ts'
import { httpStore } from '../../src/stores/http.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { authorizationServer } from '../../src/testing/authorization-server.ts'
import { fuzzProvider } from '../../src/testing/fuzz-provider.ts'

const done = async (): Promise<void> => {}
const refresher = { refresh: done }
const refreshers = { logto: refresher }
const redis = { sendCommand: done }
const pool = { query: done, connect: done }
const sqlite = { prepare() {}, exec() {} }
const storage = { find: done, update: done }
const own = { refresher, load: done, save: done }
const origins = ['https://api.example.com']
const callbacks = { jwt: done, session: done }
const nextAuth = { callbacks, secret: 's', decode: done, encode: done }
const url = 'https://eu1.upstash.example'
const api = {
  url: 'https://api.example.com/refresh',
  carry: { json: 'refreshToken' },
  answer: { accessToken: 'token', refreshToken: 'refreshToken' },
}

/** A factory as plain JavaScript calls it. */
type Factory = (...given: never[]) => unknown

/** Arguments that a factory does not take, and what it says. */
const WRONG: readonly (readonly [Factory, readonly unknown[], RegExp])[] = [
  [memoryStore, [null], /the argument is null: write { name, rowsMax, onWarning, clock }/],
  [memoryStore, ['rows'], /the argument is a string/],
  [memoryStore, [{ rowsmax: 5 }], /did you mean rowsMax\?/],
  [memoryStore, [{ rowsMax: '5' }], /rowsMax is a string: write a whole number/],
  [memoryStore, [{ rowsMax: 0.5 }], /rowsMax is 0\.5/],
  [memoryStore, [{ name: '' }], /name is empty/],
  [fileStore, ['rows', null], /the argument is null/],
  [fileStore, ['rows', { ttlMs: 5 }], /ttlMs is no option/],
  [sqliteStore, [sqlite, null], /the argument is null/],
  [sqliteStore, [sqlite, { tables: 'x' }], /did you mean table\?/],
  [sqliteStore, [sqlite, { table: 'x; drop' }], /table is a string: write a name of lowercase/],
  [sqliteStore, [sqlite, { busyTimeoutMs: '1s' }], /busyTimeoutMs is a string/],
  [postgresStore, [pool, null], /the argument is null/],
  [postgresStore, [pool, { listen: 'true' }], /listen is a string: write true or false/],
  [redisStore, [redis, null], /the argument is null/],
  [redisStore, [redis, { durability: 'replicate' }], /did you mean 'replicated'\?/],
  [redisStore, [redis, { keyPrefix: 'x' }], /did you mean prefix\?/],
  [redisStore, [redis, { subscriber: url }], /subscriber is a string: write a second/],
  [redisStore, [redis, { allowEviction: 1 }], /allowEviction is a number/],
  [redisStore, [], /takes { url, createClient }, or a client of node-redis/],
  [httpStore, [], /the argument is missing/],
  [httpStore, [{ url, token: 'secret\n' }], /token has a line break/],
  [httpStore, [{ url: `${url}\n`, token: 't' }], /url has a line break/],
  [httpStore, [{ url, tokn: 't' }], /did you mean token\?/],
  [httpStore, [{ url, token: 't', timeoutMs: 0 }], /timeoutMs is 0/],

  [oidc, [], /issuer is missing: write 'https:/],
  [oidc, ['https://id.example.com'], /the argument is a string: write { issuer: 'https:/],
  [oidc, [{}], /issuer is missing: write 'https:/],
  [oidc, [{ issuer: 'https://id.example.com\n' }], /issuer has a line break/],
  [oidc, [{ issuer: 'https://id.example.com', client: {} }], /client is no option/],
  [oidc, [{ issuer: 'https://id.example.com', clientId: 'a' }], /createRefresher\({ client/],
  [logto, [null], /the argument is null: write { endpoint: 'https:/],
  [logto, ['https://a.logto.app'], /the argument is a string/],
  [logto, [{ endpoint: ' https://a.logto.app' }], /endpoint has a line break, .* a space/],
  [spotify, [null], /the argument is null/],
  [spotify, [{ rotation: 'Never' }], /did you mean 'never'\?/],
  [credentials, [], /credentials: the argument is missing: write { url, /],
  [credentials, [null], /credentials: the argument is null/],
  [credentials, [{ ...api, carry: 'json' }], /carry is /],
  [credentials, [{ ...api, carry: { JSON: 'x' } }], /carry.*json/i],
  [credentials, [{ ...api, answers: {} }], /did you mean answer\?/],
  [credentials, [{ ...api, answer: { accesToken: 'x' } }], /did you mean accessToken\?/],
  [credentials, [{ ...api, answer: { accessToken: ['x'] } }], /answer\.accessToken is a list/],
  [credentials, [{ ...api, method: 'post' }], /did you mean 'POST'\?/],
  [credentials, [{ ...api, body: { a: 1 } }], /body\.a is a number/],
  [credentials, [{ ...api, lifetimes: { accessMs: 5 } }], /there are accessLifetimeMs, refresh/],
  [credentials, [{ ...api, schema: {} }], /schema is an object: write a schema/],
  [credentials, [{ ...api, url: `${api.url} ` }], /url has a line break, .* a space/],

  [refreshCallbacks, [], /refreshers is missing: write refreshers by provider/],
  [refreshCallbacks, [null], /refreshers is null/],
  [refreshCallbacks, [{ logto: () => refresher }], /refreshers\.logto is a function.*createRef/],
  [refreshCallbacks, [{ logto: undefined }], /refreshers\.logto is missing/],
  [refreshCallbacks, [refreshers, null], /the argument is null/],
  [refreshCallbacks, [refreshers, { sesion() {} }], /did you mean session\?/],
  [refreshCallbacks, [refreshers, { keep: 'all' }], /write linkedProviders/],
  [refreshCallbacks, [refreshers, { errorName: 'RefreshError' }], /write 'RefreshTokenError' or/],
  [refreshCallbacks, [refreshers, { exposeAccessToken: 'true' }], /write true or false/],
  [refreshCallbacks, [refreshers, { linkedProviders: 'al' }], /did you mean 'all'\?/],
  [databaseCallbacks, [refreshers], /the argument is missing: write {.* find, update/],
  [databaseCallbacks, [refreshers, { find: done }], /update is missing: write a function/],
  [databaseCallbacks, [refreshers, { ...storage, finds: done }], /did you mean find\?/],
  [signInEvent, [refreshers], /the argument is missing/],
  [signInEvent, [refreshers, { find: done }], /update is missing/],
  [signOutEvent, [refreshers, null], /the argument is null/],
  [signOutEvent, [refreshers, { adopt: false }], /write legacyCookieProvider/],
  [refreshProxy, [], /proxy is missing: write auth of next-auth 5/],
  [refreshProxy, [done, null], /the argument is null/],
  [refreshProxy, [done, { basepath: '/auth' }], /did you mean basePath\?/],
  [refreshProxy, [done, { basePath: 'auth' }], /basePath is a string: write a path/],
  [nextAuth4Proxy, [], /the argument is missing/],
  [nextAuth4Proxy, [{ ...nextAuth, secret: undefined }], /secret is missing.*NEXTAUTH_SECRET/],
  [nextAuth4Proxy, [{ ...nextAuth, callbacks: done }], /callbacks is a function/],
  [nextAuth4Proxy, [{ ...nextAuth, maxAge: '30d' }], /maxAge is a string: write seconds/],
  [nextAuth4Proxy, [nextAuth, {}], /proxy is an object: write a function/],
  [authorizedFetch, [own], /origins is missing: write origins: \[/],
  [authorizedFetch, [undefined, { origins }], /tokens is missing/],
  [authorizedFetch, [{ refresher }, { origins }], /load is missing: write a function/],
  [authorizedFetch, [own, { origins: 'https://api.example.com' }], /origins is a string/],
  [authorizedFetch, [own, { origins, audience: 'api' }], /audience is a string: write audience: {/],
  [authorizedFetch, [own, { origins, isRefused: true }], /isRefused is a boolean/],
  [authorizedFetch, [own, { origin: origins }], /did you mean origins\?/],
  [tokenSource, [], /refresher is missing: write createRefresher/],
  [tokenSource, [refresher], /the argument is missing: write { load, save }/],
  [tokenSource, [refresher, { load: done }], /save is missing/],
  [createSessionGuard, [], /the argument is missing: write { signOut/],
  [createSessionGuard, [{}], /signOut is missing: write a function/],
  [createSessionGuard, [{ signOut: done, graceMS: 5 }], /did you mean graceMs\?/],
  [createSessionGuard, [{ signOut: done, graceMs: -5 }], /graceMs is -5/],
  [createSessionGuard, [{ signOut: done, errors: 'x' }], /errors is a string: write a list/],
  [telemetry, [null], /the argument is null/],
  [telemetry, [{ fingerprint: true }], /did you mean fingerprints\?/],
  [telemetry, [{ meter: 'refresh-once' }], /meter is a string: write a Meter/],
  [pageInspector, [null], /the argument is null/],
  [pageInspector, [{ uri: 'http://127.0.0.1:1/x/' }], /did you mean url\?/],
  [recorder, [], /write is missing: write a function/],
  [recorder, [done, null], /the argument is null/],
  [recorder, [done, { allowInProd: true }], /did you mean allowInProduction\?/],
  [authorizationServer, [{ name: 'x' }, null], /the argument is null/],
  [authorizationServer, [{ name: 'x' }, { sed: 1 }], /did you mean seed\?/],
  [authorizationServer, [{ name: 'x' }, { seed: 'a' }], /seed is a string/],
  [fuzzProvider, [], /provider is missing/],
  [fuzzProvider, [spotify()], /server is missing: write a server/],
  [fuzzProvider, [spotify(), { server: 'spotify', run: 5 }], /did you mean runs\?/],
  [fuzzProvider, [spotify(), { server: 'spotify', replay: '1' }], /write path/],
]

describe('a factory', () => {
  it.each(WRONG.map(([factory, given, says]) => [factory.name, given, says, factory] as const))(
    '%s does not take %j, and says %s',
    async (_, given, says, factory) => {
      let thrown: unknown
      try {
        await factory(...(given as never[]))
      } catch (error) {
        thrown = error
      }

      expect(thrown).toBeInstanceOf(TypeError)
      expect((thrown as Error).message).toMatch(says)
      expect((thrown as Error).message).not.toMatch(/destructure|Cannot read/)
    },
  )

  it('takes the same arguments spelt as they are documented', () => {
    for (const make of [
      () => memoryStore(),
      () => memoryStore({ name: undefined, rowsMax: 5 } as object),
      () => httpStore({ url, token: 't' }),
      () => redisStore(redis as never, { durability: 'primary' }),
      () => spotify(),
      () => credentials(api),
      () => refreshCallbacks(refreshers as never, {}),
      () => databaseCallbacks(refreshers as never, storage as never),
      () => signOutEvent(refreshers as never),
      () => refreshProxy(done),
      () => nextAuth4Proxy(nextAuth as never),
      () => authorizedFetch(own as never, { origins }),
      () => createSessionGuard({ signOut: done, graceMs: Infinity }),
      () => telemetry(),
    ]) {
      expect(make).not.toThrow()
    }
  })

  it('takes an instance of a class that has members of its own', () => {
    class Repository {
      readonly database = 'of the application'
      load = done
      save = done
    }

    expect(() => tokenSource(refresher as never, new Repository() as never)).not.toThrow()
  })
})
