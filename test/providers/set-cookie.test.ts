import { describe, expect, it } from 'vitest'
import { decodeCookie, readSetCookie } from '../../providers/credentials/set-cookie.ts'

const GONE = 'Thu, 01 Jan 1970 00:00:00 GMT'

function read(...lines: string[]): string | null | undefined {
  return readSetCookie(headersOf(lines), 'rt')
}

function headersOf(lines: readonly string[], more: Record<string, string> = {}): Headers {
  const headers = new Headers(more)
  for (const line of lines) headers.append('set-cookie', line)
  return headers
}

describe('readSetCookie (RFC 6265 §5.2)', () => {
  it.each<[what: string, lines: string[], value: string | null | undefined]>([
    ['nothing is set', [], undefined],
    ['another one is set', ['art=1', 'RT=2', 'x=rt=3'], undefined],
    ['a line without name', ['rt', '=x', ';rt=1'], undefined],
    ['its value', ['rt=abc'], 'abc'],
    ['spaces around', ['  rt =  abc  ; Path=/'], 'abc'],
    ['equals signs', ['rt=a=b=='], 'a=b=='],
    ['a comma', ['rt=a,b; Path=/'], 'a,b'],
    ['quotes, which belong to the value', ['rt="abc"; Secure'], '"abc"'],
    ['one of several', ['a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT', 'rt=abc', 'b=2'], 'abc'],
    ['the later of two', ['rt=old; Path=/', 'rt=new; path=/'], 'new'],
    ['attributes of no meaning', ['rt=abc; Max-Age=soon; Expires=; ; HttpOnly; Expires=x'], 'abc'],
    ['one that expires', ['rt=abc; Max-Age=60; Expires=Wed, 21 Oct 2099 07:28:00 GMT'], 'abc'],
    ['an empty one', ['rt=; Path=/'], null],
    ['an empty one in quotes', ['rt=""'], null],
    ['one that was over long ago', [`rt=deleted; expires=${GONE}`], null],
    ['one with Max-Age 0', ['rt=abc; MAX-AGE=0'], null],
    ['one with a Max-Age below 0', ['rt=abc; Max-Age=-1'], null],
    ['Max-Age over Expires', [`rt=abc; Max-Age=60; Expires=${GONE}`], 'abc'],
    ['one cleared after it was set', ['rt=abc; Path=/', `rt=; Path=/; Expires=${GONE}`], null],
    ['one set after it was cleared', [`rt=; Path=/; Expires=${GONE}`, 'rt=abc; Path=/'], 'abc'],
    ['an old path cleared', ['rt=abc; Path=/auth', `rt=; Path=/; Expires=${GONE}`], 'abc'],
    ['an old domain cleared', ['rt=abc', 'rt=; Domain=example.com; Max-Age=0'], 'abc'],
  ])('%s', (_what, lines, value) => {
    expect(read(...lines)).toBe(value)
  })

  it("holds Expires against the server's own clock", () => {
    const lines = ['rt=abc; Expires=Wed, 21 Oct 2026 07:28:00 GMT']
    const at = (date: string): unknown => readSetCookie(headersOf(lines, { date }), 'rt')

    expect(at('Wed, 21 Oct 2026 07:27:59 GMT')).toBe('abc')
    expect(at('Wed, 21 Oct 2026 07:28:01 GMT')).toBeNull()
  })

  it('takes names of objects for names', () => {
    expect(readSetCookie(headersOf(['__proto__=a; __proto__=b']), '__proto__')).toBe('a')
    expect(readSetCookie(new Headers(), 'constructor')).toBeUndefined()
  })
})

describe('decodeCookie', () => {
  it.each([
    ['abc', 'abc'],
    ['"abc"', 'abc'],
    ['a%2Fb%20c', 'a/b c'],
    ['"a%22b"', 'a"b'],
    ['50%', '50%'],
    ['"', '"'],
  ])('%s is %s', (value, meant) => {
    expect(decodeCookie(value)).toBe(meant)
  })
})
