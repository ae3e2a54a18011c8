// One refresh, as a stranger would write it, in a project in which the packed package is installed.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRefresher } from 'refresh-once'
import { oidc } from 'refresh-once/providers/oidc'
import { memoryStore } from 'refresh-once/stores/memory'

/**
 * The refresh tokens presented so far, in their order.
 *
 * @type {(string | null)[]}
 */
const presented = []

/**
 * An authorization server that rotates (RFC 6749 §6): a token is good once.
 *
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer(request, response) {
  const body = (await request.setEncoding('utf8').toArray()).join('')
  const refreshToken = new URLSearchParams(body).get('refresh_token')
  const isFirst = !presented.includes(refreshToken)
  presented.push(refreshToken)
  response.writeHead(isFirst ? 200 : 400, { 'content-type': 'application/json' })
  const said = isFirst
    ? { access_token: 'at-2', refresh_token: 'rt-2', token_type: 'Bearer', expires_in: 3600 }
    : { error: 'invalid_grant' }
  response.end(JSON.stringify(said))
}
const server = createServer((request, response) => void answer(request, response))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
assert(typeof address === 'object' && address !== null)
const issuer = `http://127.0.0.1:${address.port}`

const refresher = createRefresher({
  provider: oidc({ issuer, tokenEndpoint: `${issuer}/token`, revocationEndpoint: null }),
  client: { id: 'consumer' },
  ledger: { store: memoryStore() },
})
const tokens = { accessToken: 'at-1', refreshToken: 'rt-1', expiresAtMs: Date.now() - 1000 }

try {
  // Two requests that know nothing of each other.
  const [one, other] = await Promise.all([refresher.refresh(tokens), refresher.refresh(tokens)])

  for (const outcome of [one, other]) {
    assert.equal(outcome.error, undefined)
    assert.equal(outcome.state, 'rotated')
    assert.equal(outcome.changed, true)
    assert.equal(outcome.needsSignIn, false)
    assert.equal(outcome.accessToken, 'at-2')
    assert.equal(outcome.tokens.refreshToken, 'rt-2')
  }
  assert.deepEqual(presented, ['rt-1'])

  const fresh = await refresher.refresh(one.tokens)

  assert.equal(fresh.state, 'fresh')
  assert.equal(fresh.changed, false)
  assert.equal(presented.length, 1)
} finally {
  server.close()
  server.closeAllConnections()
}
