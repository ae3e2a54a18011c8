/**
 * The MCP SDK against `refresh-once play`: node mcp-client.mjs http://127.0.0.1:9000
 *
 * It discovers, registers, signs in and refreshes. Then a second process, which still has the old
 * tokens, refreshes too: the server ends the grant.
 */
import { auth } from '@modelcontextprotocol/sdk/client/auth.js'

const server = process.argv[2]
const serverUrl = `${server}/resource`

/** What the SDK keeps, in memory. `browser` is where a user would be sent. */
function provider(kept = {}) {
  return {
    kept,
    redirectUrl: 'http://127.0.0.1:7777/callback',
    clientMetadata: {
      client_name: 'a test',
      redirect_uris: ['http://127.0.0.1:7777/callback'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => kept.client,
    saveClientInformation: (client) => void (kept.client = client),
    tokens: () => kept.tokens,
    saveTokens: (tokens) => void (kept.tokens = tokens),
    codeVerifier: () => kept.verifier,
    saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
    redirectToAuthorization: (url) => void (kept.browser = url),
  }
}

/** Every user of the server consents at once: the code is in the address that it redirects to. */
async function consent(url) {
  const answer = await fetch(url, { redirect: 'manual' })
  return new URL(answer.headers.get('location')).searchParams.get('code')
}

const first = provider()
await auth(first, { serverUrl })
const signedIn = await auth(first, {
  serverUrl,
  authorizationCode: await consent(first.kept.browser),
})

const second = provider({ ...first.kept })
const refreshed = await auth(first, { serverUrl })
const late = await auth(second, { serverUrl }).catch((error) => error.constructor.name)

const tally = await (await fetch(`${server}/_play`)).json()
console.log(JSON.stringify({ signedIn, refreshed, late, presentedTwice: tally.presentedTwice }))
