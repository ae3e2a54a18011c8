import type { MemberPath } from './response.ts'
import { decodeBody, readBody } from '../../src/core/body.ts'
import { RefreshError } from '../../src/core/errors.ts'
import { tokenSetFromResponse } from '../../src/core/token-response.ts'
import type { Provider, RawAnswer } from '../../src/core/provider.ts'
import { ownField, readText } from '../../src/core/text.ts'
import type { TokenSet } from '../../src/core/token-set.ts'

/**
 * The token set of the answer to a sign-in, read as the provider's answers to a refresh are.
 *
 * @param response Read from a copy: its body can be read afterwards, not before.
 * @param place Where its access token is looked for, for the error.
 * @param nowMs When the answer arrived, epoch milliseconds.
 * @throws {RefreshError} `refused` for a status other than 2xx, `invalid_tokens` for an answer
 *   without access token. It holds nothing of the answer but its status.
 */
export async function readSignIn(
  response: Response,
  { id, response: { accessLifetimeMs, read, validate } }: Provider,
  place: MemberPath,
  nowMs: number,
): Promise<TokenSet> {
  const { status, headers } = response
  if (!response.ok) {
    throw new RefreshError('refused', { provider: id, status, hint: 'It was a sign-in.' })
  }
  const type = headers.get('content-type')
  const { text, whole } = await readBody(copyOf(response, id).body, undefined, type)
  const body = decodeBody(text, whole, type)
  const answer = await withValidated({ status, headers, body }, validate)
  const members = await read?.(answer)
  if (members === undefined || readText(ownField(members, 'access_token')) === undefined) {
    const where = typeof place === 'string' ? `at '${place}'` : `in a cookie '${place.cookie}'`
    throw invalid(id, `The answer to the sign-in holds no access token ${where}.`)
  }
  return tokenSetFromResponse(members, { nowMs, accessLifetimeMs, provider: id })
}

function copyOf(response: Response, id: string): Response {
  if (!response.bodyUsed) return response.clone()
  throw invalid(id, 'The answer to the sign-in was read before: read it after signIn.')
}

async function withValidated(
  answer: RawAnswer,
  validate: Provider['response']['validate'],
): Promise<RawAnswer> {
  if (validate === undefined) return answer
  try {
    return { ...answer, validated: await validate(answer.body) }
  } catch {
    return answer
  }
}

function invalid(provider: string, hint: string): RefreshError {
  return new RefreshError('invalid_tokens', { provider, hint })
}
