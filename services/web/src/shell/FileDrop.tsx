import { ImageUp } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { searchWithFile } from "../state/searchFile";
import { t } from "../texts";
import styles from "./FileDrop.module.css";

/** Catches a file that is dropped anywhere in the window, which the browser would open otherwise, and searches with it. */
export function FileDrop() {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => catchFiles(setIsOver), []);
  if (!isOver) return null;
  return (
    <div class={styles.over}>
      <ImageUp size={40} aria-hidden="true" />
      {t().search.release}
    </div>
  );
}

/** Listen for files above the window. Returns the function that ends this. */
function catchFiles(setIsOver: (isOver: boolean) => void): () => void {
  const listening = new AbortController();
  let depth = 0; // the pointer enters and leaves every element
  const on = (name: "dragenter" | "dragover" | "dragleave" | "drop", step: number, onDrop?: (file: File) => void) =>
    window.addEventListener(
      name,
      (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        depth = onDrop ? 0 : depth + step;
        setIsOver(depth > 0);
        const [file] = event.dataTransfer.files;
        if (file) onDrop?.(file);
      },
      { signal: listening.signal },
    );
  on("dragenter", 1);
  on("dragover", 0);
  on("dragleave", -1);
  on("drop", 0, searchWithFile);
  return () => listening.abort();
}
