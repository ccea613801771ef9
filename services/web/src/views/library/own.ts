/** Conditions on own features, as the API takes them: `mine.energy:0.5..0.9`. */

/** The value of the condition on a feature; empty without one. */
export const ownCondition = (conditions: readonly string[], name: string): string =>
  conditions.find((each) => each.startsWith(`${name}:`))?.slice(name.length + 1) ?? "";

/** The conditions with another one on a feature. An empty value, or a range without ends, removes it. */
export function withOwn(conditions: readonly string[], name: string, value: string): string[] {
  const others = conditions.filter((each) => !each.startsWith(`${name}:`));
  return value && value !== ".." ? [...others, `${name}:${value}`] : others;
}

/** The ends of a range, as texts; an open end is empty. */
export function ownRange(value: string): [string, string] {
  const [from = "", to] = value.split("..");
  return [from, to ?? from];
}
