/**
 * A schema of zod, zod/mini, valibot, arktype or any other library that keeps to Standard Schema 1.
 * By its type only: nothing is imported.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>
  }
}

type SchemaResult =
  { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly unknown[] }

/**
 * What a schema makes of a value.
 *
 * @throws {Error} For issues, of which nothing is told: they may hold what was validated.
 */
export async function outputOf(schema: StandardSchema, value: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(value)
  if (result.issues !== undefined) throw new Error('The schema refuses the value.')
  return result.value
}
