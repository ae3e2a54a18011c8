import { describe, expect, it } from 'vitest'
import { shippedIds, shippedProvider } from '../../src/testing/presets.ts'
import type { Provider } from '../../src/core/provider.ts'

/** Hosts of each vendor that has a name in its address: all that may ever be led to. */
const HOSTS: Readonly<Record<string, RegExp>> = {
  docusign: /^account(?:-d)?\.docusign\.com$/,
  entra: /^login\.microsoftonline\.com$/,
  feishu: /^open\.(?:feishu\.cn|larksuite\.com)$/,
  lightspeed: /^[a-z0-9-]+\.retail\.lightspeed\.app$/,
  salesforce: /^(?:login|test|[a-z0-9-]+(?:\.[a-z]+)?\.my)\.salesforce\.com$/,
  shopify: /^[a-z0-9-]+\.myshopify\.com$/,
  wise: /^api\.(?:wise|wise-sandbox)\.com$/,
  zoho: /^accounts\.(?:zoho\.(?:com|eu|in|com\.au|jp|sa|com\.cn|uk)|zohocloud\.ca)$/,
}

/** Values that a vendor's hosts do look like, beside the example of the facts. */
const GOOD: Readonly<Record<string, readonly string[]>> = {
  docusign: ['account-d.docusign.com'],
  entra: ['organizations', 'acme.onmicrosoft.com', '3f2504e0-4f89-11d3-9a0c-0305e82c3301'],
  feishu: ['open.larksuite.com'],
  lightspeed: ['a', 'blue-1'],
  salesforce: ['test.salesforce.com', 'acme.my.salesforce.com', 'a--b.sandbox.my.salesforce.com'],
  shopify: ['a', 'blue-1', '1st-shop'],
  wise: ['api.wise-sandbox.com'],
  zoho: ['accounts.zoho.eu', 'accounts.zoho.com.au', 'accounts.zohocloud.ca'],
}

/** What leads to another host, or to none, with the example of the facts as `E`. */
const BAD = [
  ['', ' ', '.', '..', '-', '@', '#', '?', '/', '\\', '%', '*', ':', '\0', '{E}', '$&'],
  ['evil.com#', 'evil.com/', 'evil.com?', 'evil.com\\', 'evil.com%2f', 'evil.com%23'],
  ['a.b/../', 'a/../..', '../E', 'E/..', 'E/../x', '%2e%2e', '..%2f', 'E%00', 'E%2eevil.com'],
  ['a@evil.com', 'E@evil.com', 'evil.com@E', 'user:secret@E', 'E:443', 'E:secret@evil.com'],
  ['E.evil.com', 'E.', 'E..', '.E', 'E.myshopify.com.evil.com', 'evil.com.', '127.0.0.1'],
  ['[::1]', 'localhost', 'xn--mnchen-3ya.de', 'münchen', 'evil\u3002com', 'evil\uff0ecom'],
  ['\u0435vil', 'E\u200b', 'E\n', '\tE', ' E', 'E ', 'E\r', 'https://E', '//E', 'E/', 'E#'],
  ['shop.myshopify.com.evil.com', 'E-', '-E', 'a'.repeat(64), 'a_b', "a'b", 'a,b', 'E,E'],
].flat()

const shipped = await Promise.all(
  shippedIds().map(async (id) => ({ id, ...(await shippedProvider(id))! })),
)
const parametersOf = ({ facts }: (typeof shipped)[number]) => Object.entries(facts.parameters ?? {})
const of = (is: string) =>
  shipped.flatMap((provider) =>
    parametersOf(provider).flatMap(([name, parameter]) =>
      parameter.is === is ? [{ ...provider, name, example: String(parameter.example) }] : [],
    ),
  )

/** Where a provider of these values sends tokens; `refused` in words, else an error. */
function placesOf(make: () => Provider): readonly URL[] | 'refused' {
  try {
    const { issuer, tokenEndpoint, revocationEndpoint } = make()
    const places = [issuer, tokenEndpoint, revocationEndpoint]
    return places.flatMap((each) => (typeof each === 'string' ? [new URL(each)] : []))
  } catch (error) {
    if (error instanceof TypeError && !error.message.startsWith('Invalid URL')) return 'refused'
    throw error
  }
}

describe('a host with a name in it', () => {
  it('is in the table, for every provider that has one', () => {
    const ids = of('name').map(({ id }) => id)

    expect(Object.keys(HOSTS)).toEqual(ids)
    expect(Object.keys(GOOD)).toEqual(ids)
  })

  it.each(of('name'))('of $id leads where the vendor is', ({ id, name, example, make }) => {
    for (const value of [example, ...GOOD[id]!]) {
      const places = placesOf(() => make({ [name]: value }))

      expect([value, places]).not.toEqual([value, 'refused'])
      for (const { hostname } of places as readonly URL[]) expect(hostname).toMatch(HOSTS[id]!)
    }
  })

  it.each(of('name'))('of $id takes capitals for the same host', ({ name, example, make }) => {
    const places = placesOf(() => make({ [name]: example.toUpperCase() }))
    const plain = placesOf(() => make({ [name]: example })) as readonly URL[]

    const hosts = (urls: readonly URL[]): string[] => urls.map(({ host }) => host)
    const found = places === 'refused' ? places : hosts(places)
    expect(['refused', hosts(plain)]).toContainEqual(found)
  })

  it.each(of('name'))('of $id refuses what leads elsewhere', ({ id, name, example, make }) => {
    const values = BAD.map((value) => value.replaceAll('E', example))
    const taken = values.filter((value) => placesOf(() => make({ [name]: value })) !== 'refused')

    // A tenant of Entra is a part of the path, and may be any domain.
    const domains = ['E.evil.com', 'E.myshopify.com.evil.com', '127.0.0.1', 'localhost']
      .concat('xn--mnchen-3ya.de', 'shop.myshopify.com.evil.com', 'a'.repeat(64))
      .map((value) => value.replaceAll('E', example))
    const open =
      id === 'entra' ? domains : id === 'shopify' || id === 'lightspeed' ? ['localhost'] : []
    expect(taken.toSorted()).toEqual(values.filter((value) => open.includes(value)).toSorted())
  })

  it.each(of('name'))('of $id refuses what is no text', ({ name, make }) => {
    for (const value of [undefined, null, 7, {}, ['a'], true, () => 'acme']) {
      expect([value, placesOf(() => make({ [name]: value }))]).toEqual([value, 'refused'])
    }
  })
})

/** Addresses of one's own server that are none, or none that tokens may be sent to. */
const BAD_ADDRESSES = [
  ['', ' ', 'id.example.com', '//id.example.com', 'http://id.example.com', 'ftp://id.example.com'],
  ['https://', 'https:///', 'https://user@id.example.com', 'https://u:p@id.example.com'],
  ['https://id.example.com#', 'https://id.example.com#a', 'https://id.example.com/#'],
  ['https://id.example.com?', 'https://id.example.com?a=', 'https://id.example.com/a?b=c'],
  ['javascript:alert(1)', 'data:text/plain,a', 'file:///etc/passwd', 'https://undefined'],
  ['https://{host}', 'https://<your-domain>', '${ISSUER}'],
].flat()

describe('an address of one’s own server', () => {
  it.each(of('url'))('of $id, as $name, is https, and nothing else', ({ name, make, facts }) => {
    const others = Object.fromEntries(
      Object.entries(facts.parameters ?? {}).map(([each, { example }]) => [each, example]),
    )
    const taken = BAD_ADDRESSES.filter(
      (value) => placesOf(() => make({ ...others, [name]: value })) !== 'refused',
    )

    // The whole of an address may have a query.
    const isWhole = facts.tokenEndpoint === `{${name}}`
    expect(isWhole ? taken.filter((value) => !/[?#]/.test(value)) : taken).toEqual([])
  })

  it.each(of('url'))('of $id, as $name, may end with a slash', ({ name, make, facts }) => {
    const others = Object.fromEntries(
      Object.entries(facts.parameters ?? {}).map(([each, { example }]) => [each, example]),
    )
    const places = placesOf(() => make({ ...others, [name]: 'https://id.example.com/a/' }))

    expect(places).not.toBe('refused')
    for (const { pathname } of places as readonly URL[]) expect(pathname).not.toContain('//')
  })

  it.each(of('url'))('of $id, as $name, stays on its host', ({ name, make, facts, example }) => {
    const others = Object.fromEntries(
      Object.entries(facts.parameters ?? {}).map(([each, parameter]) => [each, parameter.example]),
    )
    const places = placesOf(() => make({ ...others, [name]: example })) as readonly URL[]

    for (const place of places) expect(place.origin).toBe(new URL(example).origin)
  })
})
