import type { Answer } from './exchange.ts'
import { jsonOf } from './exchange.ts'

/** An answer of the token endpoint, decoded. */
export interface TokenEndpointAnswer {
  /** HTTP status. */
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** What a product does around the server it is built on, where refresh tokens are presented. */
export interface Around {
  /** Changes a request before the server reads it. */
  readonly request?: (parameters: URLSearchParams) => void
  /** What is answered instead. */
  readonly answer?: (answer: TokenEndpointAnswer, refreshToken: string) => TokenEndpointAnswer
}

/** The form that the server is to read. */
export function asked(body: Buffer, { request }: Around): Buffer {
  if (request === undefined) return body
  const parameters = new URLSearchParams(body.toString())
  request(parameters)
  return Buffer.from(parameters.toString())
}

/** The answer that the client is to see. */
export function answered(answer: Answer, refreshToken: string, around: Around): Answer {
  if (around.answer === undefined) return answer
  const { status, body } = around.answer({ ...answer, body: jsonOf(answer.body) }, refreshToken)
  return { ...answer, status, body: Buffer.from(JSON.stringify(body)) }
}
