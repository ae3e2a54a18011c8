/** Of `next/navigation`. */
export function redirect(url: string): never
