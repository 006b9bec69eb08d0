/** The little of Markdown that the checks need: links and the ids of headings, both outside code. */

/** Text with fenced blocks and code spans blanked out. */
const prose = (markdown: string): string =>
  markdown.replace(/^( *)```[\s\S]*?^\1```/gm, "").replace(/`[^`\n]*`/g, "``");

/** Targets of inline links and images that point into the repository. */
export function linksOf(markdown: string): string[] {
  return [...prose(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target as string)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Ids that code forges give to headings: lower case, punctuation dropped, blanks to hyphens. */
export function headingIds(markdown: string): string[] {
  return [...markdown.replace(/^( *)```[\s\S]*?^\1```/gm, "").matchAll(/^#+ +(.+)$/gm)].map(
    ([, title]) =>
      (title as string)
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
  );
}
