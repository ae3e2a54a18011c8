type Child = Node | string | false

/**
 * Makes an element. What is said by servers and files comes in as text and attributes only, never
 * as markup.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children.filter((child) => child !== false))
  return element
}

/** The element of the page with this id. */
export function byId(id: string): HTMLElement
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T
export function byId(id: string, kind: new () => HTMLElement = HTMLElement): HTMLElement {
  const element = document.getElementById(id)
  if (!(element instanceof kind)) throw new Error(`the page has no such #${id}`)
  return element
}

/** Replaces what an element says, unless it says so already. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** An SVG text, made by ourselves, as an element. */
export function svgElement(text: string): SVGSVGElement {
  const parsed = new DOMParser().parseFromString(text, 'image/svg+xml')
  return document.importNode(parsed.documentElement, true) as unknown as SVGSVGElement
}
