/**
 * The part of oidc-provider that is loaded. The package ships no types, and with this declaration
 * the import type-checks without `@types/oidc-provider`.
 */
declare module 'oidc-provider/lib/provider.js' {
  export const Provider: new (issuer: string, configuration: object) => object
}
