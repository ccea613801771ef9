import { Choice } from "../components/Choice";
import { Dialog } from "../components/Dialog";
import { Switch } from "../components/Switch";
import { levelled } from "../state/playback";
import { THEMES, theme } from "../state/theme";
import { LANGUAGES, type Language, language, t } from "../texts";

/** The settings of this browser. */
export function SettingsDialog({ onClose }: { onClose: () => void }) {
  const texts = t().settings;
  return (
    <Dialog title={texts.title} onClose={onClose}>
      <Choice
        label={texts.theme}
        options={THEMES.map((each) => ({ value: each, label: texts.themes[each] }))}
        chosen={theme}
      />
      <Choice
        label={texts.language}
        options={(Object.keys(LANGUAGES) as Language[]).map((each) => ({ value: each, label: LANGUAGES[each] }))}
        chosen={language}
      />
      <Switch label={t().player.levelled} checked={levelled} />
    </Dialog>
  );
}
