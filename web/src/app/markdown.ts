/**
 * Descriptions are Markdown, as PeerTube's: emphasis, links, lists, quotes and code in a line.
 * Parsed to a tree that the page draws node by node, never to HTML. A chunk of its own, loaded with
 * the first description that has something to parse.
 */
import type { Nodes, Root } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'

/** Deeper than anyone writes; a page draws a level in a call of its own. */
const maxDepth = 24
/** A line of containers within containers costs the parser their number squared. */
const towering = /^(?:[ \t]*(?:[>*+-]|\d{1,9}[.)])){24}/m

const options = {
  extensions: [
    {
      disable: {
        null: [
          'codeFenced',
          'codeIndented',
          'definition',
          'headingAtx',
          'htmlFlow',
          'htmlText',
          'labelStartImage',
          'setextUnderline',
          'thematicBreak'
        ]
      }
    }
  ]
}

function isDeep(root: Root): boolean {
  let level: Nodes[] = [root]
  for (let depth = 0; level.length > 0; ++depth) {
    if (depth > maxDepth) return true
    level = level.flatMap((node) => ('children' in node ? (node.children as Nodes[]) : []))
  }
  return false
}

/** The tree; null where the text is better shown as it is. */
export function parseMarkdown(text: string): Root | null {
  if (towering.test(text)) return null
  const root = fromMarkdown(text, options)
  return isDeep(root) ? null : root
}
