import { ImageUp } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { t } from "../../texts";
import styles from "./DropZone.module.css";

/** The area of the view, onto which a picture or a sound can be dropped. */
export function DropZone({ onFile, children }: { onFile: (file: File) => void; children: ComponentChildren }) {
  const [isOver, setIsOver] = useState(false);
  const depth = useRef(0); // the pointer enters and leaves every element inside
  const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;

  function onMove(event: DragEvent, step: number) {
    if (!hasFile(event)) return;
    event.preventDefault();
    depth.current += step;
    setIsOver(depth.current > 0);
  }

  function onDrop(event: DragEvent) {
    if (!hasFile(event)) return;
    event.preventDefault();
    depth.current = 0;
    setIsOver(false);
    const file = event.dataTransfer?.files[0];
    if (file) onFile(file);
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons of the field choose a file without a pointer
    <div
      class={styles.zone}
      onDragEnter={(event) => onMove(event, 1)}
      onDragOver={(event) => onMove(event, 0)}
      onDragLeave={(event) => onMove(event, -1)}
      onDrop={onDrop}
    >
      {children}
      {isOver && (
        <div class={styles.over}>
          <ImageUp size={40} aria-hidden="true" />
          {t().search.release}
        </div>
      )}
    </div>
  );
}
