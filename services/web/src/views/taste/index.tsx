import { Page } from "../../components/Page";
import { t } from "../../texts";

export default function Taste() {
  return <Page title={t().nav.taste}>{null}</Page>;
}
