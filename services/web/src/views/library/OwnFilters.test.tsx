import { cleanup, render, screen } from "@testing-library/preact";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { OwnFilters } from "./OwnFilters";

afterEach(cleanup);

const imported = { tracks: 3, imported_at: "2026-11-30T12:00:00Z" };
const features = [
  { ...imported, name: "mine.scene", type: "text", low: null, high: null },
  { ...imported, name: "mine.rank", type: "number", low: 0, high: 1 },
] as const;

const filters = (chosen: string[], onChange: (conditions: string[]) => void) => (
  <OwnFilters features={features} chosen={chosen} onChange={onChange} />
);

it.each([
  ["mine.scene", "late night", "mine.scene:late night"],
  ["At least", "0.5", "mine.rank:0.5.."],
  ["At most", "0.5", "mine.rank:..0.5"],
])(
  "keeps what is typed into %s when the page is drawn again before the field is left",
  async (label, text, condition) => {
    const user = userEvent.setup();
    const onChange = vi.fn();
    const { rerender } = render(filters([], onChange));
    const field = screen.getByLabelText<HTMLInputElement>(label);

    await user.type(field, text);
    rerender(filters([], onChange));
    expect(field.value).toBe(text);
    expect(onChange).not.toHaveBeenCalled();

    await user.tab();
    expect(onChange).toHaveBeenLastCalledWith([condition]);
  },
);

it("shows the condition of the address again after typing that changed nothing", async () => {
  const user = userEvent.setup();
  const { rerender } = render(filters(["mine.scene:rain"], () => undefined));
  const field = screen.getByLabelText<HTMLInputElement>("mine.scene");

  await user.type(field, "s{Backspace}");
  await user.tab();
  rerender(filters([], () => undefined));
  expect(field.value).toBe("");
});
