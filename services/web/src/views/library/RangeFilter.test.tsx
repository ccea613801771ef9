import { cleanup, render, screen } from "@testing-library/preact";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { RangeFilter } from "./RangeFilter";

afterEach(cleanup);

const tempo = { name: "tempo", low: 80, high: 103, unit: "bpm", bins: Array(24).fill(1), ready: 24 };
const slider = (name: string) => screen.getByRole<HTMLInputElement>("slider", { name });

function moved(handle: HTMLInputElement, value: number) {
  handle.value = String(value);
  handle.dispatchEvent(new Event("input", { bubbles: true }));
  handle.dispatchEvent(new Event("change", { bubbles: true }));
}

it("says the new end at once, also when the page has not been drawn in between", () => {
  const onChange = vi.fn();
  render(<RangeFilter attribute={tempo} range={{}} onChange={onChange} />);

  moved(slider("Tempo: at least"), 90);
  expect(onChange).toHaveBeenLastCalledWith({ min: 90 });
});

it("leaves an end open that is moved to the end of the slider", () => {
  const onChange = vi.fn();
  render(<RangeFilter attribute={tempo} range={{ min: 90, max: 100 }} onChange={onChange} />);

  moved(slider("Tempo: at most"), 103);
  expect(onChange).toHaveBeenLastCalledWith({ min: 90 });
});

it("does not let the handles pass each other", () => {
  const onChange = vi.fn();
  render(<RangeFilter attribute={tempo} range={{ max: 95 }} onChange={onChange} />);

  moved(slider("Tempo: at least"), 100);
  expect(onChange).toHaveBeenLastCalledWith({ min: 95, max: 95 });
});

it("follows the address", async () => {
  const { rerender } = render(<RangeFilter attribute={tempo} range={{ min: 90 }} onChange={() => undefined} />);
  expect(screen.getByText("90 BPM – 103 BPM")).toBeTruthy();

  rerender(<RangeFilter attribute={tempo} range={{}} onChange={() => undefined} />);
  await userEvent.tab();

  expect(await screen.findByText("Any")).toBeTruthy();
});
