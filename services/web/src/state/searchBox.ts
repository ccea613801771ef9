/** Which field the key `/` focuses: that of the search view while it is shown, otherwise the one in the sidebar. */

const fields: HTMLInputElement[] = [];

/** Offer a field; the latest one is focused first. Returns the function that takes the offer back. */
export function offerSearchField(field: HTMLInputElement): () => void {
  fields.push(field);
  return () => fields.splice(fields.indexOf(field), 1);
}

/** Focus the search field and select its text; false if none is shown, as on a phone. */
export function focusSearchField(): boolean {
  const field = fields.findLast((each) => each.checkVisibility());
  field?.focus();
  field?.select();
  return field !== undefined;
}
