import { EyeOff } from "lucide-preact";
import { Button } from "../components/Button";
import { privateSession } from "../state/listener";
import { t } from "../texts";
import styles from "./PrivateBanner.module.css";

/** Says that nothing is stored of what plays, while that is so. */
export function PrivateBanner() {
  if (!privateSession.value) return null;
  return (
    <div class={styles.banner} role="status">
      <EyeOff size={18} aria-hidden="true" />
      <p>{t().listener.isPrivate}</p>
      <Button
        size="sm"
        onClick={() => {
          privateSession.value = false;
        }}
      >
        {t().listener.endPrivate}
      </Button>
    </div>
  );
}
