import { existsSync, readdirSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { facts as auth0 } from '../../providers/auth0.ts'
import { facts as google } from '../../providers/google.ts'
import { facts as logto } from '../../providers/logto.ts'
import { facts as okta } from '../../providers/okta.ts'
import { facts as spotify } from '../../providers/spotify.ts'
import type { Overrides, Provider } from '../core/provider.ts'
import type { ProviderEvidence, ProviderFacts, ProviderRecord } from '../facts/provider-facts.ts'
import { serverOf } from './authorization-server/provider-server.ts'
import type { ServerDescription } from './authorization-server/description.ts'

/**
 * Servers by their products, each value with its source. What no source says is `undefined`, and
 * drawn; where a product can be configured, its default is described, and overriding a member is
 * how yours is: `{ ...presets.logto, rotation: 'never' }`.
 *
 * Repositories are named as `owner/name`, with the commit where it was noted.
 */
export const presets = {
  /** An authorization server of which nothing is known but that it keeps to RFC 6749. */
  rfc6749: { name: 'rfc6749' },

  /** The default configuration, for a public client. */
  'oidc-provider': {
    name: 'oidc-provider',
    // panva/node-oidc-provider@b95c2944 lib/helpers/defaults.js: rotates for clients without
    // authentication. For others when 70 % of the lifetime have passed: write 'sometimes'.
    rotation: 'always',
    // lib/actions/grants/refresh_token.js: the same value comes again when it was not rotated.
    keptAs: 'echoed',
    // Same file: no window; `grant.revoked` and all tokens of the grant on reuse.
    reuseWindow: 'none',
    reuseEffect: 'grant',
    // Same file: a rotation destroys no access token.
    oldAccessToken: 'lives',
    // Same file: invalid_target is raised after consume() and save().
    validates: 'after_consuming',
    // docs/README.md#ttl: one hour.
    accessTokenMs: 3_600_000,
    // Measured: test/testing/authorization-server.test.ts.
    wire: { tokenType: 'Bearer', expiresIn: 'number' },
  },

  /** An application for a public client. For others write `rotation: 'sometimes'`. */
  logto: serverOf(logto),

  /** The Ruby gem, with the column `previous_refresh_token`, which its generator makes. */
  doorkeeper: {
    name: 'doorkeeper',
    // doorkeeper-gem/doorkeeper@015a0625 lib/doorkeeper/oauth/refresh_token_request.rb:
    // create_access_token always makes a refresh token.
    rotation: 'always',
    // Same: where the column is, the old token is revoked when the new access token is first used.
    reuseWindow: 'until_successor_used',
    reuseAnswer: 'fork',
    // Same: InvalidGrantReuse, and nothing else is revoked.
    reuseEffect: 'error',
    // Of the same row as the refresh token (GitLab documents it for its own); when exactly, is not
    // said for the column.
    oldAccessToken: undefined,
    // Same: `validate :scope` and the others come before before_successful_response.
    validates: 'before_consuming',
    // doorkeeper-gem/doorkeeper@0063deb8 lib/doorkeeper/config.rb: 7200.
    accessTokenMs: 7_200_000,
  },

  'django-oauth-toolkit': {
    name: 'django-oauth-toolkit',
    // django-oauth/django-oauth-toolkit@041c9ad5 docs/settings.rst: ROTATE_REFRESH_TOKEN is True.
    rotation: 'always',
    // Same: REFRESH_TOKEN_GRACE_PERIOD_SECONDS is 0.
    reuseWindow: 'none',
    // Same: REFRESH_TOKEN_REUSE_PROTECTION is False.
    reuseEffect: 'error',
    oldAccessToken: undefined,
    validates: undefined,
    // Same: ACCESS_TOKEN_EXPIRE_SECONDS.
    accessTokenMs: 36_000_000,
  },

  /** An application whose refresh tokens rotate. For others `rotation: 'never'`. */
  // use-refresh-tokens.mdx: expires_in of the example.
  auth0: serverBy(auth0, { accessTokenMs: 86_400_000 }),

  /** An application with `rotation_type` ROTATE, the default of an SPA. */
  // okta/okta-developer-docs docs/guides/refresh-tokens/main/index.md: the leeway is an
  // application's own, and 30 s by default.
  okta: serverBy(okta, { reuseWindow: { ms: 30_000 } }),

  hydra: {
    name: 'hydra',
    // ory/hydra@83127c57 fosite/handler/oauth2/flow_refresh.go
    rotation: 'always',
    // spec/config.json: rotation_grace_period is 0s.
    reuseWindow: 'none',
    // persistence/sql/persister_oauth2.go: refresh and access tokens of the request go.
    reuseEffect: 'grant',
    // Same: strict rotation deletes all access tokens of the request.
    oldAccessToken: 'dies',
    // flow_refresh.go: scopes and audiences are checked before the rotation.
    validates: 'before_consuming',
    // spec/config.json: ttl.access_token is 1h.
    accessTokenMs: 3_600_000,
  },

  /** User access tokens of a GitHub App that expire. */
  github: {
    name: 'github',
    // github/docs refreshing-user-access-tokens.md: "that refresh token and the old user access
    // token will no longer work".
    rotation: 'always',
    oldAccessToken: 'dies',
    // Nothing is documented of a window, or of the family.
    reuseWindow: undefined,
    reuseEffect: undefined,
    // Same page, the example: 8 hours.
    accessTokenMs: 28_800_000,
    wire: {
      // Same page, the example: lives for six months, and says so.
      tokenType: 'bearer',
      expiresIn: 'number',
      members: { refresh_token_expires_in: 15_724_800, scope: '' },
      // Errors come with 200: coder/coder and next-auth look for `error` in it.
      dead: { status: 200, error: 'bad_refresh_token' },
      client: { status: 200, error: 'incorrect_client_credentials' },
    },
  },

  /** An application with `token_rotation_enabled`, the bot's pair. */
  slack: {
    name: 'slack',
    // https://docs.slack.dev/authentication/using-token-rotation
    rotation: 'always',
    reuseWindow: undefined,
    reuseEffect: undefined,
    oldAccessToken: undefined,
    // Same page: 12 hours.
    accessTokenMs: 43_200_000,
    wire: {
      members: { ok: true },
      // https://api.slack.com/methods/oauth.v2.exchange: 200 with `ok: false`.
      dead: { status: 200, error: 'invalid_refresh_token', members: { ok: false } },
      client: { status: 200, error: 'bad_client_secret', members: { ok: false } },
    },
  },

  supabase: {
    name: 'supabase',
    // supabase/auth@bc32168e internal/tokens/service.go, all of it: the parent of the newest token
    // is always taken, and the newest is the answer; the family ends otherwise.
    rotation: 'always',
    reuseWindow: 'until_successor_used',
    reuseAnswer: 'idempotent',
    reuseEffect: 'family',
    oldAccessToken: undefined,
    accessTokenMs: 3_600_000,
    wire: {
      carry: { json: 'refresh_token' },
      // internal/api/apierrors: `error_code` beside the status as `code`.
      answer: {
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        expiresIn: 'expires_in',
        error: 'error_code',
      },
      dead: { status: 400, error: 'refresh_token_already_used', members: { code: 400 } },
    },
  },

  /** A realm with "Revoke Refresh Token" off, its default. */
  keycloak: {
    name: 'keycloak',
    // keycloak services/.../protocol/oidc/refresh/AbstractRefreshTokenProvider.java: a new one each
    // time, and the old one keeps working.
    rotation: 'always',
    reuseWindow: 'forever',
    reuseAnswer: 'fork',
    oldAccessToken: 'lives',
  },

  /** The same with it on, and "Refresh Token Max Reuse" 0. */
  'keycloak-revoking': {
    name: 'keycloak-revoking',
    rotation: 'always',
    // Same file: the client session is detached, and the successor fails, too.
    reuseWindow: 'none',
    reuseEffect: 'family',
    oldAccessToken: 'lives',
  },

  spotify: serverOf(spotify),

  // Its facts say nothing of older access tokens: here they live.
  google: serverBy(google, { oldAccessToken: 'lives' }),

  /** Microsoft identity platform. */
  entra: {
    name: 'entra',
    // MicrosoftDocs/entra-docs docs/identity-platform/refresh-tokens.md: they "replace themselves",
    // and the old ones are not revoked.
    rotation: 'always',
    reuseWindow: 'forever',
    reuseAnswer: 'fork',
    oldAccessToken: 'lives',
  },
} as const satisfies Readonly<Record<string, ServerDescription>>

/** The server of a provider's facts, with what they leave out or leave to a setting. */
function serverBy(facts: ProviderFacts, more: Partial<ServerDescription>): ServerDescription {
  return { ...serverOf(facts), ...more }
}

/** Names a preset. */
export type PresetName = keyof typeof presets

const PROVIDERS = new URL('../../providers/', import.meta.url)

/** TypeScript in this repository, JavaScript where the package is built. */
const EXTENSION = extname(import.meta.url)

/** A module of `providers/`. */
export interface ShippedProvider {
  readonly facts: ProviderRecord
  /** @param values The values of the facts' `parameters`. */
  make(values: Readonly<Record<string, unknown>>, overrides?: Overrides): Provider
}

/** The ids of all providers that are shipped. */
export function shippedIds(): readonly string[] {
  return readdirSync(PROVIDERS)
    .filter((file) => file.endsWith(EXTENSION))
    .map((file) => basename(file, EXTENSION))
    .toSorted()
}

/** The provider of an id: its facts and its factory, whose name is the id in camel case. */
export async function shippedProvider(id: string): Promise<ShippedProvider | undefined> {
  if (!/^[a-z0-9-]+$/.test(id)) return undefined
  const url = new URL(`${id}${EXTENSION}`, PROVIDERS)
  if (!existsSync(fileURLToPath(url))) return undefined
  const module = (await import(url.href)) as ProviderModule
  const factory = module[id.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())]
  const facts = { ...module.facts, ...module.evidence }
  return { facts, make: (values, overrides = {}) => factory!({ ...values, ...overrides }) }
}

type ProviderModule = {
  readonly facts: ProviderFacts
  readonly evidence: ProviderEvidence
} & Readonly<Record<string, (options: object) => Provider>>

/**
 * The server of a name: a preset, or what the facts of a shipped provider describe.
 *
 * @throws {TypeError} Names those that there are.
 */
export async function presetOf(name: string): Promise<ServerDescription> {
  if (isPreset(name)) return presets[name]
  const shipped = await shippedProvider(name)
  if (shipped !== undefined) return serverOf(shipped.facts)
  const names = new Set([...Object.keys(presets), ...shippedIds()])
  throw new TypeError(`no preset '${name}': ${[...names].join(', ')}`)
}

function isPreset(name: string): name is PresetName {
  return Object.hasOwn(presets, name)
}
