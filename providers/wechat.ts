import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * WeChat Open Platform.
 *
 * Deviations from RFC 6749:
 *
 * - §6: the request is a GET, so the token is in the address. The client is `appid`, without a
 *   secret.
 * - §5.2: errors come with status 200 and a number, `errcode`.
 */
export const facts = {
  id: 'wechat',
  name: 'WeChat',
  for: 'WeChat Open Platform',
  tokenEndpoint: 'https://api.weixin.qq.com/sns/oauth2/refresh_token',
  revocationEndpoint: null,
  clientAuthentication: 'none',
  rotation: 'sometimes',
  keptAs: 'echoed',
  lifetimes: { accessMs: 7_200_000, refreshMs: 30 * DAY_MS },
  request: { method: 'GET', format: 'query', names: { client_id: 'appid' } },
  response: { members: { error: 'errcode' } },
  wire: {
    expiresIn: 'number',
    tokenType: 'absent',
    members: { openid: 'o-1' },
    answer: {
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      expiresIn: 'expires_in',
      error: 'errcode',
    },
    dead: { status: 200, error: '40030', members: { errmsg: 'invalid refresh_token' } },
    client: { status: 200, error: '40013', members: { errmsg: 'invalid appid' } },
  },
  failures: { '40030': 'rejected', '42002': 'rejected', '40013': 'refused_before' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const AUTHORIZED_API_CALL_UNIONID =
  'https://developers.weixin.qq.com/doc/oplatform/Mobile_App/WeChat_Login/Authorized_API_call_UnionID.html'
const GLOBAL_RETURN_CODE =
  'https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'the same refresh token comes back',
      source: AUTHORIZED_API_CALL_UNIONID,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 7200,
        refresh_token: 'rt-1',
        openid: 'o-1',
        scope: 'snsapi_userinfo',
      },
      ends: 'granted',
    },
    {
      title: 'a wrong token, with status 200',
      source: AUTHORIZED_API_CALL_UNIONID,
      status: 200,
      body: { errcode: 40_030, errmsg: 'invalid refresh_token' },
      ends: 'rejected',
      reads: { oauthError: '40030' },
    },
    {
      title: '30 days are over',
      source: GLOBAL_RETURN_CODE,
      status: 200,
      body: { errcode: 42_002, errmsg: 'refresh_token timeout' },
      ends: 'rejected',
      reads: { oauthError: '42002' },
    },
    {
      title: 'an unknown client',
      source: GLOBAL_RETURN_CODE,
      status: 200,
      body: { errcode: 40_013, errmsg: 'invalid appid' },
      ends: 'refused_before',
      reads: { oauthError: '40013' },
    },
    {
      title: 'the system is busy',
      source: GLOBAL_RETURN_CODE,
      status: 200,
      body: { errcode: -1, errmsg: 'system error' },
      ends: 'unknown',
      reads: { oauthError: null },
    },
  ],
  sources: {
    tokenEndpoint: AUTHORIZED_API_CALL_UNIONID,
    revocationEndpoint: AUTHORIZED_API_CALL_UNIONID,
    clientAuthentication: AUTHORIZED_API_CALL_UNIONID,
    rotation: AUTHORIZED_API_CALL_UNIONID,
    keptAs: AUTHORIZED_API_CALL_UNIONID,
    lifetimes: AUTHORIZED_API_CALL_UNIONID,
    request: AUTHORIZED_API_CALL_UNIONID,
    response: AUTHORIZED_API_CALL_UNIONID,
    wire: AUTHORIZED_API_CALL_UNIONID,
    failures: GLOBAL_RETURN_CODE,
  },
  aliases: { authJs: ['wechat'], betterAuth: ['wechat'] },
  notes: [
    'While the access token is good, a refresh brings the same one with a new lifetime.',
    'Logs of proxies may hold the address, and the token in it.',
  ],
} as const satisfies ProviderEvidence

export const wechat = (overrides?: Overrides): Provider => providerOf(facts, overrides)
