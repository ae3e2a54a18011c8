/**
 * A command line program whose user signs in with a browser. Any number of its processes may run at
 * once: they share one file, and each refresh token is presented once.
 *
 *     my-cli sign-in     shows the page of the authorization server
 *     my-cli status      who is signed in, and until when
 *     my-cli token       prints a fresh access token, for curl and scripts
 *     my-cli sign-out    ends the grant for all processes, and at the server
 *
 * Exit code 0: done. 1: the user must sign in. 2: trouble that passes, or that the message names.
 */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as oauth from 'oauth4webapi'
import { isRefreshError, tokenSetFromResponse } from 'refresh-once'
import { credentialsFile } from 'refresh-once/credentials-file'
import { oidc } from 'refresh-once/providers/oidc'

const issuer = process.env['MY_CLI_ISSUER'] ?? 'https://id.example.com'
const client = { id: process.env['MY_CLI_CLIENT'] ?? 'my-cli' }
/** 0: any. Servers should take every port of 127.0.0.1 (RFC 8252 §7.3); some want one of yours. */
const port = Number(process.env['MY_CLI_PORT'] ?? 0)
const scope = 'openid offline_access'

const file = credentialsFile({ app: 'my-cli' })
const source = file.source({ provider: oidc({ issuer }), client, onEvent: () => {} })

/** Plain http is for an authorization server on this machine, as tests have it. */
const options = {
  [oauth.allowInsecureRequests]: new URL(issuer).protocol === 'http:',
}

async function signIn(): Promise<void> {
  const from = new URL(issuer)
  const server = await oauth.processDiscoveryResponse(
    from,
    await oauth.discoveryRequest(from, options),
  )
  const listener = createServer().listen(port, '127.0.0.1')
  await new Promise((resolve, reject) => listener.once('listening', resolve).once('error', reject))
  const { port: actual } = listener.address() as AddressInfo
  const redirectUri = `http://127.0.0.1:${actual}/callback`
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()

  const page = new URL(server.authorization_endpoint!)
  page.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: redirectUri,
    scope,
    state,
    // OIDC Core §11: many servers give a refresh token only with it.
    prompt: 'consent',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString()
  console.error(`Sign in here:\n${page.href}`)
  browse(page)

  const back = await new Promise<URL>((resolve) => {
    listener.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', redirectUri)
      // Another page may guess the port, but not the state.
      if (url.searchParams.get('state') !== state) return void response.writeHead(404).end()
      response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' })
      response.end('You can close this window.', () => resolve(url))
    })
  })
  listener.close()
  const publicClient = { client_id: client.id }
  const parameters = oauth.validateAuthResponse(server, publicClient, back, state)
  const answer = await oauth.authorizationCodeGrantRequest(
    server,
    publicClient,
    oauth.None(),
    parameters,
    redirectUri,
    verifier,
    options,
  )
  const tokens = await oauth.processAuthorizationCodeResponse(server, publicClient, answer)
  await file.put('default', tokenSetFromResponse(tokens, { nowMs: Date.now() }))
  console.error('You are signed in.')
}

/** Without a browser, in a container or over SSH, the user opens the address that was printed. */
function browse({ href }: URL): void {
  if (process.env['BROWSER'] === 'none') return
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', href]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', href]
        : ['xdg-open', href]
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
}

async function status(): Promise<number> {
  const outcome = await source.get()
  if (outcome === undefined || outcome.needsSignIn) {
    console.log('You are not signed in: my-cli sign-in')
    return 1
  }
  if (outcome.error !== undefined) console.error(outcome.error.message)
  const { expiresAtMs } = outcome.tokens
  const until = expiresAtMs === undefined ? 'for a while' : new Date(expiresAtMs).toISOString()
  console.log(`You are signed in at ${issuer}. The access token is good until ${until}.`)
  return 0
}

async function token(): Promise<void> {
  console.log(await source.accessToken())
}

async function signOut(): Promise<void> {
  const revoked = await source.signOut()
  const isTold = revoked === undefined || revoked.revoked
  console.log(isTold ? 'You are signed out.' : 'You are signed out here; the server was not told.')
}

const commands: Record<string, () => Promise<number | void>> = {
  'sign-in': signIn,
  status,
  token,
  'sign-out': signOut,
}

try {
  const command = commands[process.argv[2] ?? 'status']
  if (command === undefined) throw new Error(`There are: ${Object.keys(commands).join(', ')}.`)
  process.exitCode = (await command()) ?? 0
} catch (error) {
  console.error(error instanceof Error ? error.message : 'It failed.')
  const isSignedOut = isRefreshError(error) && error.code === 'no_tokens'
  process.exitCode = isSignedOut ? 1 : 2
}
// An exchange that began ends before the process does.
await source.drain()
