/**
 * What we load of oidc-provider, which ships no types. Said here so that the import type-checks
 * without `@types/oidc-provider`; the shapes are in `oidc/provider.ts`.
 */
declare module 'oidc-provider/lib/provider.js' {
  export const Provider: new (issuer: string, configuration: object) => object
}
