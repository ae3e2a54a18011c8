/**
 * A module of the package as it is built. By its file, not by its name: that one leads to the
 * sources here (`paths` in tsconfig.json), and what tsx makes of them is slower than what users
 * get.
 */
export const built = <M>(path: string): Promise<M> =>
  import(new URL(`../dist/${path}.js`, import.meta.url).href) as Promise<M>
