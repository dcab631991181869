import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export function readDocument(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

export interface Fence {
  language: string;
  text: string;
  line: number;
}

/** The fenced blocks of a document, in order. */
export function fences(markdown: string): Fence[] {
  const found: Fence[] = [];
  let open: Fence | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open && line.startsWith('```')) {
      found.push(open);
      open = undefined;
    } else if (open) {
      open.text += `${line}\n`;
    } else if (line.startsWith('```')) {
      open = { language: line.slice(3).trim(), text: '', line: index + 1 };
    }
  }
  if (open) throw new Error(`the block of line ${open.line} is not closed`);
  return found;
}

export interface Example {
  line: number;
  command: string;
  /** The JSON block that follows, when one does. */
  answer: string | undefined;
}

/** Every `sh` block that calls curl, with the JSON block right after it as its answer. */
export function curlExamples(markdown: string): Example[] {
  const blocks = fences(markdown);
  return blocks.flatMap((block, index) => {
    if (block.language !== 'sh' || !/^curl /m.test(block.text)) return [];
    const next = blocks[index + 1];
    return [{ line: block.line, command: block.text, answer: next?.language === 'json' ? next.text : undefined }];
  });
}

/** The targets of a document's links that are files of the repository. */
export function localLinks(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!).filter((target) => !/^([a-z]+:|#)/.test(target)).map((target) => target.split('#')[0]!);
}
