/** For whom an access token is wanted. Neither: for whomever the AS issues it by default. */
export interface Audience {
  /** Resource indicator (RFC 8707). */
  readonly resource?: string | undefined
  /** Organization, where the AS knows such a thing. */
  readonly organization?: string | undefined
}

/** The key under which a chain keeps the access token of an audience. `''` for the default. */
export function audienceKey({ resource, organization }: Audience): string {
  if (resource === undefined && organization === undefined) return ''
  return JSON.stringify([resource ?? null, organization ?? null])
}

/** Whose key it is. */
export function audienceOf(key: string): Audience {
  if (key === '') return {}
  const [resource, organization] = JSON.parse(key) as [string | null, string | null]
  return {
    ...(resource !== null && { resource }),
    ...(organization !== null && { organization }),
  }
}
