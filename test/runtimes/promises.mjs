// The promises of this library, tried from inside a runtime with the installed package. It uses
// what the web has, and the package, and nothing else.
import { Auth } from '@auth/core'
import { encode } from '@auth/core/jwt'
import { createRefresher } from 'refresh-once'
import { refreshCallbacks } from 'refresh-once/auth-js'
import { oidc } from 'refresh-once/providers/oidc'
import { httpStore } from 'refresh-once/stores/http'

const CALLERS = 50
const SECRET = 'a secret of the tests, 32 characters'
const COOKIE = 'authjs.session-token'

/** Redis behind REST: every runtime reaches it. */
export function overHttp({ rest }, prefix = `${crypto.randomUUID()}:`) {
  return httpStore({ ...rest, prefix, onWarning: () => {} })
}

/**
 * Tries the promises.
 *
 * @param given `control`: where sign-ins, faults and counts are asked for; `issuer`, `clientId`,
 *   `rest`.
 * @param store Makes the store of a trial.
 * @returns A line for each promise: its name, and why it is not kept, empty if it is.
 */
export async function promises(given, store = () => overHttp(given)) {
  const trials = { 'lost answer': lostAnswer, storm, revoke, 'Auth.js': authJs }
  const results = []
  for (const [name, trial] of Object.entries(trials)) {
    const why = await trial(given, store).then(() => '', told)
    results.push({ name, why })
  }
  return results
}

/** The contract of a store, sentence by sentence. */
export async function contract(storeContract, name, make) {
  const sentences = []
  storeContract(name, make, {
    describe: (_, body) => body(),
    it: (sentence, body) => void sentences.push([sentence, body]),
  })
  // One after the other: on a busy host, the row that must be over in time waits for no other.
  const all = []
  for (const [sentence, body] of sentences) {
    all.push(
      await body().then(
        () => '',
        (error) => `${sentence}: ${told(error)}`,
      ),
    )
  }
  const why = all.filter(Boolean).join('; ')
  return { name: `contract: ${name}`, why: sentences.length > 12 ? why : 'nothing was tried' }
}

const told = (error) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error))

function check(condition, sentence) {
  if (!condition) throw new Error(`not so: ${sentence}`)
}

async function ask(given, path) {
  const response = await fetch(given.control + path, { method: 'POST' })
  return response.json()
}

function refresherFor(given, store) {
  return createRefresher({
    provider: oidc({ issuer: given.issuer, rotation: 'always', introspectionEndpoint: null }),
    client: { id: given.clientId },
    ledger: { store },
    onEvent: () => {},
  })
}

/** A sign-in whose access token is over. */
async function signIn(given) {
  const { answer, grant } = await ask(given, '/sign-in')
  const tokens = {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    expiresAtMs: Date.now() - 1_000,
  }
  const presentations = async () => (await ask(given, `/counts/${grant}`)).presentations
  return { tokens, presentations }
}

async function lostAnswer(given, store) {
  const { tokens, presentations } = await signIn(given)
  const refresher = refresherFor(given, store())
  await ask(given, '/cut')
  const first = await refresher.refresh(tokens)
  check(!first.usable, 'nothing can be served after a lost answer')
  const second = await refresher.refresh(tokens)
  check(second.error?.code === 'lost', `the token is lost, not ${second.error?.code}`)
  check(second.needsSignIn, 'it needs a sign-in')
  check((await presentations()) === 1, 'the token was presented once')
}

async function storm(given, store) {
  const { tokens, presentations } = await signIn(given)
  const shared = store()
  const refreshers = [1, 2].map(() => refresherFor(given, shared))
  const outcomes = await Promise.all(
    Array.from({ length: CALLERS }, (_, index) => refreshers[index % 2].refresh(tokens)),
  )
  const unserved = outcomes.find(({ usable }) => !usable)
  check(!unserved, `every caller is served: ${unserved?.error}`)
  check(new Set(outcomes.map((each) => each.accessToken)).size === 1, 'all get one access token')
  check((await presentations()) === 1, 'the token was presented once')
}

async function revoke(given, store) {
  const { tokens, presentations } = await signIn(given)
  const refresher = refresherFor(given, store())
  const { ended, revoked } = await refresher.revoke(tokens)
  check(ended && revoked, 'the chain is ended, and revoked at the server')
  const outcome = await refresher.refresh(tokens)
  check(outcome.state === 'revoked', `the grant is revoked, not ${outcome.state}`)
  check((await presentations()) === 0, 'no token was presented')
}

async function authJs(given, store) {
  const { tokens, presentations } = await signIn(given)
  const refresher = refresherFor(given, store())
  const token = {
    sub: 'user',
    provider: 'oidc',
    access_token: tokens.accessToken,
    refresh_token: tokens.refreshToken,
    expires_at: Math.floor(tokens.expiresAtMs / 1_000),
  }
  const cookie = await encode({ token, secret: SECRET, salt: COOKIE })
  const request = () =>
    new Request('http://localhost/api/auth/session', {
      headers: { cookie: `${COOKIE}=${cookie}` },
    })
  const config = {
    secret: SECRET,
    trustHost: true,
    basePath: '/api/auth',
    session: { strategy: 'jwt' },
    providers: [{ id: 'oidc', name: 'oidc', type: 'oidc', issuer: given.issuer, clientId: 'x' }],
    callbacks: refreshCallbacks({ oidc: refresher }, { exposeAccessToken: true }),
  }
  const responses = await Promise.all(
    Array.from({ length: 5 }, async () => Auth(request(), config)),
  )
  const sessions = await Promise.all(responses.map((response) => response.json()))
  for (const session of sessions) {
    check(session?.error === undefined, `the session has no error: ${session?.error}`)
    check(session?.accessToken !== undefined, 'the session has an access token')
    check(session?.accessToken !== tokens.accessToken, 'it was renewed')
  }
  check((await presentations()) === 1, 'the token was presented once')
}
