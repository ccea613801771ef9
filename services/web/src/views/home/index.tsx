import { Page } from "../../components/Page";
import { t } from "../../texts";

export default function Home() {
  return <Page title={t().nav.home}>{null}</Page>;
}
