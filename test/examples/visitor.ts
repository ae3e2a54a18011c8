import type { OutgoingHttpHeaders } from 'node:http'
import { exchange } from '../oidc/exchange.ts'
import type { Answer } from '../oidc/exchange.ts'

/** A browser with cookies for each origin. */
export interface Visitor {
  /** Opens a page and follows its redirects. */
  open(path: string): Promise<Answer>
  /** One request to the application, as a script of its page sends it. */
  get(path: string): Promise<Answer>
  post(path: string, headers?: OutgoingHttpHeaders): Promise<Answer>
  /** The cookies of the application. */
  readonly cookies: ReadonlyMap<string, string>
  /** Another browser with the same cookies. */
  copy(): Visitor
}

type Jars = Map<string, Map<string, string>>

const HOPS_MAX = 12

export function visitor(origin: string, jars: Jars = new Map()): Visitor {
  const jarOf = (url: URL): Map<string, string> => {
    const jar = jars.get(url.origin) ?? new Map<string, string>()
    jars.set(url.origin, jar)
    return jar
  }
  const at = (path: string): URL => new URL(path, origin)

  async function send(url: URL, method: string, headers: OutgoingHttpHeaders): Promise<Answer> {
    const jar = jarOf(url)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await exchange(url, { method, headers: { cookie, ...headers } })
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /max-age=0/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return answer
  }

  return {
    async open(path) {
      let url = at(path)
      for (let hops = 0; hops < HOPS_MAX; hops += 1) {
        const answer = await send(url, 'GET', { accept: 'text/html' })
        if (answer.headers.location === undefined) return answer
        url = new URL(answer.headers.location, url)
      }
      throw new Error(`more than ${HOPS_MAX} redirects, to ${url.href}`)
    },
    get: (path) => send(at(path), 'GET', { accept: 'application/json' }),
    post: (path, headers = { origin }) => send(at(path), 'POST', headers),
    get cookies() {
      return new Map(jarOf(new URL(origin)))
    },
    copy: () => visitor(origin, new Map([...jars].map(([each, jar]) => [each, new Map(jar)]))),
  }
}
