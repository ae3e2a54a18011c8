/** As much of Node 24's module as is used here: the types of Node 20 have none of it. */
declare module 'node:sqlite' {
  export class DatabaseSync {
    constructor(path: string, options?: { readOnly?: boolean })
    exec(sql: string): void
    prepare(sql: string): { get(...values: (string | number | Uint8Array)[]): unknown }
    close(): void
    readonly isTransaction: boolean
  }
}
